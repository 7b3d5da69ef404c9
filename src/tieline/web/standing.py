"""What stands across the top of every page for as long as it holds."""

from fastapi import Request

from tieline.services.break_glass.door import BreakGlassDoor


def break_glass_of(request: Request) -> BreakGlassDoor:
    """Return the local administrators' door."""
    door: BreakGlassDoor = request.app.state.break_glass
    return door


async def local_admin_inside(request: Request) -> bool:
    """Say whether everybody shall read that a local administrator is in."""
    return await break_glass_of(request).somebody_inside()
