"""How Lotus CRM writes a contact: capital words, nested objects, instants in UTC, its own ids."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tieline.sandbox import demo
from tieline.sandbox.population import Opinion, Person, Segment
from tieline.sandbox.world import World

SEGMENT_WORDS: Final[Mapping[Segment, str]] = {
    "high_value": "VIP",
    "regular": "STANDARD",
    "potential": "PROSPECT",
    "churn_risk": "AT_RISK",
}


def contact_id(key: int) -> str:
    """Return the CRM's id of person `key`; in no order anybody should rely on."""
    return f"LC-{(key * 7919 + 104_729) % 1_000_003:06d}"


def contact_record(person: Person, world: World, *, base_url: str) -> dict[str, Any]:
    """Return the person as the CRM shows them. `base_url` ends in a slash."""
    identifier = contact_id(person.key)
    return {
        "id": identifier,
        "type": "ORGANISATION" if person.organization else "PERSON",
        "full_name": person.name,
        "org": person.company,
        "phone_numbers": [{"label": "main" if person.organization else "mobile", "number": phone} for phone in person.phones],
        "emails": [person.email] if person.email else [],
        "im": {"wechat": person.wechat} if person.wechat else {},
        "segment": SEGMENT_WORDS[person.segment],
        "churn": "HIGH" if person.segment == "churn_risk" else "LOW",
        "labels": list(person.labels),
        "locale": person.locale,
        "sex": person.sex,
        "born_on": person.born_on.isoformat() if person.born_on else None,
        "national_id": person.identity_card,
        "postal": _postal(person),
        "owner": _owner(person),
        "call_permission": "DENIED" if person.do_not_call else "ALLOWED",
        "remarks": person.note,
        "lifetime_value": _lifetime_value(person, world),
        "orders_placed": len(world.orders_of(person.key)),
        "created_at": _instant(person.joined_at),
        "merged_into": None if person.merged_into is None else contact_id(person.merged_into),
        "_links": {"web": f"{base_url}app/contacts/{identifier}"},
    }


def user_records() -> list[dict[str, Any]]:
    """Return who works here, as the CRM shows them: those it has given a profile of rights."""
    return [
        {
            "id": f"LU-{one.extension}",
            "telephone": one.extension,
            "display_name": one.name,
            "profile": one.profile,
            "region": "CN",
        }
        for one in demo.extensions()
        if one.profile is not None
    ]


def opinion_record(opinion: Opinion) -> dict[str, Any]:
    """Return one survey answer as the CRM shows it."""
    return {
        "kind": opinion.kind.upper(),
        "score": opinion.score,
        "comment": opinion.text,
        "channel": opinion.channel.upper(),
        "answered_at": _instant(opinion.at),
    }


def _owner(person: Person) -> dict[str, str] | None:
    names = {telephone.extension: telephone.name for telephone in demo.extensions()}
    return {"id": person.owner, "display_name": names[person.owner]} if person.owner else None


def _postal(person: Person) -> dict[str, str]:
    address = person.address
    return {
        "country_code": address.country,
        "province": address.region,
        "city": address.city,
        "line1": address.street,
        "zip": address.postal_code,
    }


def _lifetime_value(person: Person, world: World) -> dict[str, str]:
    cents = sum(order.total_cents for order in world.orders_of(person.key) if order.state not in {"cancelled", "refunded"})
    return {"amount": f"{cents // 100}.{cents % 100:02d}", "currency": "CNY"}


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
