"""`tieline connector import-3cx`: a template of our own making, in the documented format, becomes a connector of ours."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.connectors.shell import Shell
from tests.unit.connectors.wires import json_answer

from tieline.connectors.registry import Connector
from tieline.mapping.book import load_book

TEMPLATE: Final = """\
<?xml version="1.0" encoding="utf-8"?>
<Crm Country="CN" Name="Lantern CRM" Version="7" SupportsEmojis="true">
  <Number Prefix="AsIs" MaxLength="[Digits]"/>
  <Connection MaxConcurrentRequests="3"/>
  <Parameters>
    <Parameter Name="ServerUrl" Type="String" Parent="General" Editor="String" Title="Server" Default="https://lantern.example"/>
    <Parameter Name="ApiToken" Type="String" Parent="General" Editor="Password" Title="Token" Default=""/>
    <Parameter Name="ReportCalls" Type="Boolean" Editor="String" Title="Report calls?" Default="True"/>
    <Parameter Name="Digits" Type="Integer" Parent="General" Editor="String" Title="Digits to match" Default="11"/>
  </Parameters>
  <Authentication Type="No"/>
  <Scenarios>
    <Scenario Id="" Type="REST">
      <Request Url="[ServerUrl]/api/people?tel=[Number]&amp;max=5" RequestType="Get" RequestEncoding="UrlEncoded"
               ResponseType="Json">
        <Headers>
          <Value Key="Authorization" Passes="0" Type="String">Token [ApiToken]</Value>
          <Value Key="X-Client" Passes="0" Type="String">pbx</Value>
        </Headers>
      </Request>
      <Rules><Rule Type="Number">people.numbers.value</Rule></Rules>
      <Variables>
        <Variable Name="Pid" Path="people.id"><Filter/></Variable>
        <Variable Name="First" Path="people.first"><Filter/></Variable>
        <Variable Name="Last" Path="people.last"><Filter/></Variable>
        <Variable Name="Mobile" Path="people.numbers.value">
          <Filter><Rule Type="Equals" Ethalon="mobile">people.numbers.kind</Rule></Filter>
        </Variable>
        <Variable Name="Other" Path="people.numbers.value"><Filter/></Variable>
        <Variable Name="Firm" Path="people.firm.title"><Filter/></Variable>
      </Variables>
      <Outputs AllowEmpty="false" Next="">
        <Output Type="EntityId" Passes="0" Value="[Pid]"/>
        <Output Type="FirstName" Passes="0" Value="[First]"/>
        <Output Type="LastName" Passes="0" Value="[Last]"/>
        <Output Type="PhoneMobile" Passes="0" Value="[Mobile]"/>
        <Output Type="PhoneBusiness" Passes="0" Value="[Other]"/>
        <Output Type="CompanyName" Passes="0" Value="[Firm]"/>
        <Output Type="ContactUrl" Passes="0" Value="[ServerUrl]/p/[Pid]"/>
        <Output Type="PhotoUrl" Passes="0" Value="[Pid]"/>
      </Outputs>
    </Scenario>
    <Scenario Id="" Type="REST">
      <Request Url="[ServerUrl]/api/firms?tel=[Number]" RequestType="Get" ResponseType="Json"/>
    </Scenario>
    <Scenario Id="CreateContactRecord" Type="REST">
      <Request Url="[ServerUrl]/api/people" RequestType="Post" ResponseType="Json"/>
    </Scenario>
    <Scenario Id="ReportCall" Type="REST">
      <Request SkipIf="[ReportCalls]!=True" Url="[ServerUrl]/api/calls" RequestType="Post" RequestEncoding="Json"
               ResponseType="Json">
        <Headers><Value Key="Authorization" Passes="0" Type="String">Token [ApiToken]</Value></Headers>
        <PostValues>
          <Value Key="person" Passes="0" Type="String">[EntityId]</Value>
          <Value Key="agent" Passes="0" Type="String">[Agent]</Value>
          <Value Key="began" Passes="1" Type="String">[[CallStartTimeUTC].ToString("yyyy-MM-ddTHH:mm:ssZ")]</Value>
          <Value Key="minutes" Passes="2" Type="String">[[[DurationTimespan].get_TotalMinutes()].ToString("F0")]</Value>
          <Value Key="kind" Passes="0" Type="String">[CallType]</Value>
          <Value Key="note" Passes="0" If="[CallType]==Missed" Type="String">missed</Value>
          <Value Key="source" Passes="0" Type="String">3cx</Value>
        </PostValues>
      </Request>
    </Scenario>
  </Scenarios>
</Crm>
"""
NOBODY: Final = '<Crm Name="N"><Scenarios>{}</Scenarios></Crm>'
LOOK_UP: Final = '<Scenario Id="" Type="{type}"><Request Url="{url}" RequestType="Get" ResponseType="Json"/></Scenario>'


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, lambda _: json_answer({}))


def take(shell: Shell, text: str) -> tuple[int, str]:
    file = shell.root / "Lantern.xml"
    file.write_text(text, encoding="utf-8")
    return shell("import-3cx", str(file), "--in", str(shell.root))


def manifest(shell: Shell) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load((shell.root / "lantern/connector.yaml").read_text())
    return tree


def open_points(shell: Shell) -> dict[str, str]:
    rows = [line for line in (shell.root / "lantern/README.md").read_text().splitlines() if line.startswith("| ")]
    return dict(line.strip("| ").split(" | ", 1) for line in rows if " | " in line)


def test_form_server_limits_and_sign_in_are_taken_over(shell: Shell) -> None:
    assert take(shell, TEMPLATE)[0] == 0
    tree = manifest(shell)
    assert tree["config"] == {
        "server_url": {"title": "Server", "type": "url", "default": "https://lantern.example"},
        "api_token": {"title": "Token", "secret": True},
        "report_calls": {"title": "Report calls?", "type": "bool", "default": True},
        "digits": {"title": "Digits to match", "type": "int", "default": "11"},
    }
    assert tree["hosts"] == {"main": "$config.server_url"}
    assert tree["auth"] == {"kind": "bearer", "token": "$config.api_token", "scheme": "Token"}
    assert tree["limits"]["concurrency"] == 3
    assert Connector(shell.root / "lantern").manifest.name == "Lantern CRM"


def test_the_look_up_asks_as_the_template_does(shell: Shell) -> None:
    take(shell, TEMPLATE)
    assert manifest(shell)["operations"]["customer.find"] == {
        "request": {
            "method": "GET",
            "path": "/api/people",
            "query": {"tel": "$in.phone.raw", "max": "5"},
            "headers": {"X-Client": "pbx"},
        },
        "records": "body.people",
    }


@pytest.mark.parametrize("several", [True, False], ids=["lists", "lone objects"])
def test_flattened_paths_and_filters_read_lists_and_lone_objects_alike(shell: Shell, *, several: bool) -> None:
    take(shell, TEMPLATE)
    numbers = [{"kind": "office", "value": "010-1"}, {"kind": "mobile", "value": "139-1"}]
    firm = {"title": "Lantern Ltd"}
    person = {"id": 5, "first": "Mei", "last": "Lin", "numbers": numbers, "firm": [firm] if several else firm}
    if not several:
        person["numbers"] = numbers[1]
    customer = load_book(shell.root / "lantern/mapping.yaml")["customer"].read(person)
    phones = ("139-1", "010-1") if several else ("139-1",)
    assert customer == {"id": "5", "name": "Mei Lin", "company": "Lantern Ltd", "phones": phones}


def test_a_report_becomes_a_call_to_be_logged_with_what_has_a_counterpart(shell: Shell) -> None:
    take(shell, TEMPLATE)
    operation = manifest(shell)["operations"]["call.log"]
    assert operation["request"]["json"] == {
        "person": "$record.person?",
        "agent": "$record.agent?",
        "began": "$record.began?",
        "source": "3cx",
    }
    call = yaml.safe_load((shell.root / "lantern/mapping.yaml").read_text())["call"]["rows"]
    assert call == {
        "customer": {"to": "person"},
        "agent": {"to": "agent"},
        "started_at": {"to": "began", "as": "time(%Y-%m-%dT%H:%M:%SZ, UTC)"},
    }


def test_what_was_not_translated_is_listed_with_the_reason(shell: Shell) -> None:
    take(shell, TEMPLATE)
    found = open_points(shell)
    assert {part: why for part, why in found.items() if part.startswith(("scenario", "Number"))} == {
        "scenario 1 (look-up by number): output ContactUrl": "it is put together, or comes from another step",
        "scenario 1 (look-up by number): output PhotoUrl": "there is no such field with us",
        "scenario 1 (look-up by number): rule Number": "we compare numbers ourselves",
        "scenario 1 (look-up by number): records": "taken to lie at `body.people`; 3CX does not say what is a list",
        "scenario 2 (look-up by number)": "not translated: a further look-up; the first one is taken",
        "scenario 3 (CreateContactRecord)": "not translated: we write nothing during a look-up",
        "scenario 4 (ReportCall): field minutes": "not translated: an expression that computes",
        "scenario 4 (ReportCall): field kind": "not translated: `CallType` has no exact counterpart",
        "scenario 4 (ReportCall): field note": "not translated: it is sent on a condition",
        "scenario 4 (ReportCall): SkipIf": "not translated: a condition that computes",
        "Number@MaxLength": ("not translated: keeping only the last digits; find out in which form the vendor stores numbers"),
    }
    quality = yaml.safe_load((shell.root / "lantern/quality.yaml").read_text())["rules"]
    assert quality["mapping"] == {"todo": "11 parts of the template were not translated; see the README"}
    assert quality["live"] == {"todo": "run it against the real system"}


def test_the_check_names_only_what_nobody_could_know(shell: Shell) -> None:
    take(shell, TEMPLATE)
    code, told = shell("check", str(shell.root / "lantern"))
    lines = [line.removeprefix(f"{shell.root}/lantern/") for line in told.splitlines()]
    assert (code, [line.partition(":")[0] for line in lines]) == (
        1,
        ["examples/call.log.yaml", "examples/customer.find.yaml", "connector.yaml"],
    )


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (
            '<Authentication Type="Basic"><Value>[Key]:X</Value></Authentication>',
            {"kind": "basic", "username": "$config.key", "password": "X"},
        ),
        ('<Authentication Type="OAuth2"/>', {"kind": "none"}),
        ('<Authentication Type="Basic"><Value>[[Key].Trim()]</Value></Authentication>', {"kind": "none"}),
    ],
    ids=["basic", "OAuth 2", "computed"],
)
def test_signing_in_is_taken_over_or_left_open(shell: Shell, auth: str, expected: dict[str, str]) -> None:
    parameters = '<Parameters><Parameter Name="Key" Editor="Password" Title="Key"/></Parameters>'
    look_up = LOOK_UP.format(type="REST", url="https://x.example/p?n=[Number]")
    take(shell, f'<Crm Name="N">{parameters}{auth}<Scenarios>{look_up}</Scenarios></Crm>')
    assert manifest(shell)["auth"] == expected
    assert ("signing in" in open_points(shell)) == (expected["kind"] == "none")


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        (LOOK_UP.format(type="Database", url="x"), "not translated: a scenario of the type Database with Json answers"),
        (LOOK_UP.format(type="REST", url="ftp://x/[Number]"), "not translated: the address"),
        (LOOK_UP.format(type="REST", url="https://x/p?n=[[Number].Substring(1)]"), "not translated: an expression that computes"),
        (
            LOOK_UP.format(type="REST", url="https://x/p?n=[SessionKey]"),
            "not translated: `SessionKey`, which comes from another step",
        ),
    ],
)
def test_a_look_up_that_cannot_be_said_leaves_a_folder_without_it(shell: Shell, scenario: str, why: str) -> None:
    assert take(shell, NOBODY.format(scenario))[0] == 0
    assert Connector(shell.root / "lantern").manifest.operations == {}
    assert open_points(shell)["scenario 1 (look-up by number)"] == why


def test_a_secret_in_an_address_is_pointed_out(shell: Shell) -> None:
    take(shell, TEMPLATE.replace("&amp;max=5", "&amp;key=[ApiToken]"))
    assert open_points(shell)["`api_token`"] == "a secret that travels in the address; ask the vendor for a header"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<Crm", "the file is not XML"),
        ("<Other/>", "its root element is Crm"),
        ('<!DOCTYPE Crm [<!ENTITY a "b">]><Crm Name="&a;"/>', "XML with a DTD or an entity is not read"),
        ('<!DOCTYPE Crm SYSTEM "file:///etc/passwd"><Crm/>', "XML with a DTD or an entity is not read"),
        ("<Crm>" + " " * 1_048_576 + "</Crm>", "larger than 1 MiB"),
    ],
    ids=["broken", "another", "entity", "external", "too large"],
)
def test_a_file_that_is_no_template_is_told(shell: Shell, text: str, told: str) -> None:
    code, printed = take(shell, text)
    assert (code, told in printed) == (1, True)
    assert not (shell.root / "lantern").exists()
