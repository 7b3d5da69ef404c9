"""Fills a real Tryton through its own JSON-RPC, as its client would: a company, customers with telephones, confirmed sales."""

from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from tests.live.tryton_server import PASSWORD, TrytonAddress

_CNY: Final = {
    "code": "CNY",
    "name": "Renminbi",
    "symbol": "¥",
    "digits": 2,
    "numeric_code": "156",
    "rounding": {"__class__": "Decimal", "decimal": "0.01"},
}


@dataclass(frozen=True, slots=True)
class Books:
    """What was written: ids by name, and the key that opens the REST interface."""

    address: TrytonAddress
    api_key: str = field(repr=False)
    parties: dict[str, int]
    sales: dict[str, int]


class TrytonClient:
    """One administrator at work. Every call signs in by itself: slow, but these are few."""

    def __init__(self, address: TrytonAddress) -> None:
        self._url = f"{address.base_url}/{address.database}/rpc/"
        self._http = httpx.Client(trust_env=False, timeout=30, auth=("admin", PASSWORD))
        self.context: dict[str, Any] = {}

    def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - whatever the method gives
        """Call a method by its whole name; the context is added. Raises: AssertionError: Tryton refuses."""
        answer = self._http.post(self._url, json={"id": 1, "method": method, "params": [*params, self.context]})
        document = answer.raise_for_status().json()
        assert "error" not in document, f"{method}: {document['error']}"
        return document["result"]

    def create(self, model: str, values: dict[str, Any]) -> int:
        """Create one record and return its id."""
        (identifier,) = self.call(f"model.{model}.create", [values])
        return int(identifier)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def fill(address: TrytonAddress) -> Books:
    """Write the books every live test reads."""
    client = TrytonClient(address)
    try:
        (user,) = client.call("model.res.user.search", [["login", "=", "admin"]], 0, 1, None)
        currency = client.create("currency.currency", _CNY)
        company = _open_company(client, user, currency)
        parties = {name: _add_party(client, name, phones) for name, phones in CUSTOMERS.items()}
        sales = {
            reference: _add_sale(client, reference, parties["张桂兰"], company=company, currency=currency) for reference in SALES
        }
        for step in ("quote", "confirm"):
            client.call(f"model.sale.sale.{step}", [sales["WEB-1001"]])
        replaced = _add_party(client, "王芳", ("+86 138 0013 8095",))
        _replace(client, replaced, by=parties["王芳"])
        application = client.create("res.user.application", {"user": user, "application": "rest"})
        (approved,) = client.call("model.res.user.application.read", [application], ["key"])
    finally:
        client.close()
    return Books(address, approved["key"], parties | {"王芳, replaced": replaced}, sales)


# Spelled as clerks do. Tryton takes no telephone number without a country; such a one is filed as "other" and kept as typed.
CUSTOMERS: Final[dict[str, tuple[str, ...]]] = {
    "张桂兰": ("+86 138 0013 8000", "zhang.guilan@mail.example"),
    "王芳": ("+86 138-0013-8001",),
    "陈志强": ("+8613800138001",),
    "Jürgen Weiß-O'Neill": ("+49 30 23125833",),
    "李娜": ("13800138002",),
}
SALES: Final[dict[str, tuple[tuple[str, int, str], ...]]] = {
    "WEB-1001": (("空气净化器 X3", 1, "2499.00"), ("HEPA 滤芯", 2, "199.00")),
    "WEB-1002": (("恒温电水壶", 1, "329.00"),),
}


def _open_company(client: TrytonClient, user: int, currency: int) -> int:
    house = client.create("party.party", {"name": "青竹商贸"})
    company = client.create("company.company", {"party": house, "currency": currency})
    client.call("model.res.user.write", [user], {"companies": [["add", [company]]], "company": company})
    client.context = client.call("model.res.user.get_preferences", True)
    return company


def _add_party(client: TrytonClient, name: str, contacts: tuple[str, ...]) -> int:
    mechanisms = [{"type": _kind_of(contact), "value": contact} for contact in contacts]
    return client.create(
        "party.party",
        {
            "name": name,
            "addresses": [["create", [{"street": "望京西路 48 号", "city": "北京", "postal_code": "100102"}]]],
            "contact_mechanisms": [["create", mechanisms]],
        },
    )


def _replace(client: TrytonClient, party: int, *, by: int) -> None:
    """Walk through Tryton's own wizard "Replace Party"."""
    wizard, _, _ = client.call("wizard.party.replace.create")
    client.call("wizard.party.replace.execute", wizard, {"ask": {"source": party, "destination": by}}, "replace")
    client.call("wizard.party.replace.delete", wizard)


def _kind_of(contact: str) -> str:
    if "@" in contact:
        return "email"
    return "mobile" if contact.startswith("+") else "other"


def _add_sale(client: TrytonClient, reference: str, party: int, *, company: int, currency: int) -> int:
    (customer,) = client.call("model.party.party.read", [party], ["addresses"])
    (address,) = customer["addresses"]
    lines = [
        {
            "type": "line",
            "description": description,
            "quantity": quantity,
            "unit_price": {"__class__": "Decimal", "decimal": price},
        }
        for description, quantity, price in SALES[reference]
    ]
    return client.create(
        "sale.sale",
        {
            "party": party,
            "company": company,
            "currency": currency,
            "reference": reference,
            "invoice_address": address,
            "shipment_address": address,
            "invoice_method": "manual",
            "shipment_method": "manual",
            "lines": [["create", lines]],
        },
    )
