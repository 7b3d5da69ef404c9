"""Measure the screen pop side by side with what people would use instead, interleaved in one run, and print ratios.

Everyone does the same job: an HTTP question comes in, three systems are asked at once (1.5 to 2 KB each), some 25 fields are
mapped, JSON goes out. Ours also finds the caller in the index, judges the match, masks, keeps a trace and, durably before the
answer, an audit row. The server under test has the first core for itself; load, upstream and Postgres share the others.

    make bench                 about five minutes
    python bench/run.py --quick    about one
"""

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path
from statistics import median

import uvloop

sys.path.insert(0, str(Path(__file__).parent))

from load import Load, drive
from processes import Served
from screen_pop import ours, upstreams
from screen_pop.added import added
from screen_pop.contest import Contestant, Figures, contestants, kept_off_the_first_core, measure
from screen_pop.special import slow_upstream
from tieline.store.embedded import EmbeddedPostgres

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tieline-bench"
STATIC_PORT, SLOW_PORT = 18911, 18915
CALLERS = (1, 16)
SLOW_S = 0.02


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round instead of three")
    quick = parser.parse_args().quick
    print_interpreter()
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder, kept_off_the_first_core():
        place = Path(folder)
        place.chmod(0o755)
        postgres = EmbeddedPostgres(place / "data")
        try:
            contest(place, postgres.start(), rounds=1 if quick else 3, seconds=2.0 if quick else 4.0)
            special_cases(place, postgres.start(), seconds=2.0 if quick else 4.0)
        finally:
            postgres.stop()
    for script, arguments in (
        ("identity_index.py", ("--largest", "5" if quick else "6")),
        ("mapping.py", ()),
        ("connector.py", ()),
    ):
        print(f"\n== {script}", flush=True)
        subprocess.run([sys.executable, str(HERE / script), *arguments], check=True)  # noqa: S603 - our own scripts


def print_interpreter() -> None:
    """Print which Python runs ours and the hand-written one, and how fast it is: how it was built makes up to 1.7 times of it."""
    fastest = min(timeit.repeat("for number in range(1000): {}.get(number, number and -number)", number=200, repeat=9)) / 200_000
    compiler = platform.python_compiler()
    print(f"Python {platform.python_version()}, {compiler}; the yardstick takes it {fastest * 1e9:.0f} ns", flush=True)


def contest(place: Path, database: str, *, rounds: int, seconds: float) -> None:
    """Let everyone run in turn, `rounds` times, then ours beside its upstream, and print medians, ratios and what we add."""
    env = environment(place, database, STATIC_PORT)
    upstream = env["BENCH_UPSTREAM"]
    key = asyncio.run(ours.prepare(ours.settings_from({**env, "BENCH_PORT": "18912"}), upstream))
    configuration = upstreams.write_nginx_configuration(place / "nginx", port=STATIC_PORT)
    field = contestants(upstream, database, key, {**env, "BENCH_PORT": "18912"}, CACHE / "node-red")
    if len(field) == 3:
        print("NODE-RED IS LEFT OUT: THERE IS NO NPM HERE")
    seen: dict[str, list[dict[int, Figures]]] = {one.name: [] for one in field}
    with Served("nginx", upstreams.nginx_command(configuration), cores=others(), ready_url=f"{upstream}/ready", env={}):
        for number in range(rounds):
            for one in field:
                print(f"round {number + 1} of {rounds}: {one.name}", flush=True)
                seen[one.name].append(measure(one, callers=CALLERS, seconds=seconds))
        latency = added(field[0], upstream_port=STATIC_PORT, seconds=seconds * 2)
    for callers in CALLERS:
        print_table(callers, {name: middle([each[callers] for each in rounds_]) for name, rounds_ in seen.items()})
    print(
        f"\none caller: a pop {latency.pop_ms:.2f} ms, the slowest upstream asked directly {latency.slowest_ms:.2f} ms, "
        f"so {latency.ours_ms:.2f} ms are ours (p50)"
    )


def special_cases(place: Path, database: str, *, seconds: float) -> None:
    """Measure everybody hanging, and eight upstreams against three, over an upstream in Python that takes its time."""
    print("\n== special cases")
    env = {**environment(place, database, SLOW_PORT), "BENCH_PORT": "18916", "BENCH_AUDIT": "on"}
    for more, title in ((0, "three upstreams"), (5, "eight upstreams")):
        key = asyncio.run(ours.prepare(ours.settings_from(env), env["BENCH_UPSTREAM"], more=more))
        product = ours_on_slow(env, key)
        with product.served():
            load = uvloop.run(on_slow(product, SLOW_S, callers=1, seconds=seconds))
            print(f"{title} of {SLOW_S * 1000:.0f} ms, one caller: p50 {load.percentile(50):.1f} ms")
            if more == 0:
                hanging = uvloop.run(on_slow(product, None, callers=8, seconds=3.0))
                within = sum(each <= 1700 for each in hanging.latencies_ms) / hanging.requests
                print(
                    f"all upstreams hanging: {within:.0%} of {hanging.requests} within 1.7 s, p99 {hanging.percentile(99):.0f} ms"
                )


async def on_slow(product: Contestant, delay_s: float | None, *, callers: int, seconds: float) -> Load:
    """Drive our server while its upstreams take `delay_s`."""
    async with slow_upstream(SLOW_PORT, delay_s):
        return await drive(product.port, product.next_path, callers=callers, seconds=seconds, headers=product.headers)


def ours_on_slow(env: dict[str, str], key: str) -> Contestant:
    """Return our server against the slow upstream."""
    return Contestant(
        name="Tieline slow",
        command=(sys.executable, str(HERE / "screen_pop" / "ours.py")),
        port=18916,
        ready="/healthz",
        path="/v1/screen-pop?phone=%2B{digits}&line=%2B861065543800&agent=1001",
        env=env,
        headers={"Authorization": f"Bearer {key}"},
    )


def environment(place: Path, database: str, port: int) -> dict[str, str]:
    """Return what our server and its preparation need to know."""
    return {
        "BENCH_DATA": str(place / "data"),
        "BENCH_DATABASE": database,
        "BENCH_UPSTREAM": f"http://127.0.0.1:{port}",
        "BENCH_UPSTREAM_PORT": str(port),
        "BENCH_LOGS": str(place),
        "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


def others() -> set[int]:
    """Return the cores that are not the first."""
    return os.sched_getaffinity(0)


def middle(figures: list[Figures]) -> Figures:
    """Return the median of each figure over the rounds."""
    names = ("per_second", "p50_ms", "p99_ms", "cpu_us", "resident")
    middles = {name: median(getattr(each, name) for each in figures) for name in names}
    return Figures(**middles, failed=sum(each.failed for each in figures))


def print_table(callers: int, figures: dict[str, Figures]) -> None:
    """Print one table and the ratios the house has promised itself."""
    print(f"\n== {callers} caller(s) at a time")
    print(f"{'':<20}{'pops/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>9}{'RSS MiB':>9}{'failed':>8}")
    for name, one in figures.items():
        print(
            f"{name:<20}{one.per_second:>9.0f}{one.p50_ms:>9.2f}{one.p99_ms:>9.2f}{one.cpu_us:>9.0f}{one.resident:>9.0f}{one.failed:>8}"
        )
    for other in ("hand-written", "Node-RED"):
        if other in figures:
            ratio = figures["Tieline"].per_second / figures[other].per_second
            without = figures["Tieline, audit off"].per_second / figures[other].per_second
            print(f"Tieline / {other}: {ratio:.2f}x the pops per second; without audit {without:.2f}x")


if __name__ == "__main__":
    main()
