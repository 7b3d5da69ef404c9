"""Build the vendor's own ways of signing in from what a manifest says about them."""

from tieline.connectors.auth.bench import Bench
from tieline.connectors.auth.csrf import CsrfAuth, FetchCsrf
from tieline.connectors.auth.entry import Entry
from tieline.connectors.auth.fetched import FetchedAuth
from tieline.connectors.auth.judging import Judge
from tieline.connectors.auth.session import SessionAuth, reading_answers
from tieline.connectors.auth.sign_in import Harvest, SignIn
from tieline.connectors.auth.signer import Placer
from tieline.connectors.auth.taking import compile_lifetime, compile_taken
from tieline.connectors.manifest import sign_in as declared


def login_auth(auth: declared.LoginAuth, bench: Bench) -> Entry:
    """A request brings a token, which the others carry."""
    take, end = auth.take, auth.take.expires_at
    harvest = Harvest(
        token=compile_taken(take.token),
        also={name: compile_taken(each) for name, each in take.also.items()},
        lifetime=compile_lifetime(take.lifetime, end, bench.optional(end.zone) if end else ""),
        otherwise_s=auth.lifetime_s,
    )
    login = SignIn(
        write=bench.tools.write(auth.request),
        under=bench.under(auth.request),
        answer=auth.answer,
        judge=Judge((*auth.outcomes, *bench.manifest.outcomes), clock=bench.tools.clock),
        harvest=harvest,
        clock=bench.tools.clock,
    )
    source = bench.source(login, grown_from=auth, renew_early_s=auth.renew_early_s)
    recapture = reading_answers(harvest.token) if auth.recapture else None
    return FetchedAuth(source, Placer.of(auth.inject, bench.kitchen, otherwise="$token"), recapture=recapture)


def session_auth(auth: declared.SessionAuth, bench: Bench) -> Entry:
    """Whatever an answer hands out is carried on."""
    return SessionAuth(reading_answers(compile_taken(auth.take)), Placer.of(auth.inject, bench.kitchen, otherwise="$token"))


def csrf_auth(auth: declared.CsrfAuth, bench: Bench) -> Entry:
    """A token is fetched before the first write."""
    request = auth.request.model_copy(update={"headers": {**auth.request.headers, auth.header: auth.fetch}})
    fetch = FetchCsrf(
        write=bench.tools.write(request),
        under=bench.under(auth.request),
        header=auth.header,
        judge=Judge(bench.manifest.outcomes, clock=bench.tools.clock),
        lifetime_s=auth.lifetime_s,
    )
    source = bench.source(fetch, grown_from=auth, renew_early_s=0)
    return CsrfAuth(source, header=auth.header, cookies=auth.cookies, lazy=auth.lazy)
