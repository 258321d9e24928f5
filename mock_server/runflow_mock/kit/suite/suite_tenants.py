"""The tenants of the suite: at the server under test each part of the suite has one for itself.

Where the target has the control API, a new tenant is made for it whose clock the suite moves. Elsewhere all of them are the
account of the given key, time passes by itself, and what is created must have been allowed.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import count
from types import MappingProxyType
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec
from msgspec.structs import replace

from runflow_mock.decoders import convert
from runflow_mock.domain.documents import write_document
from runflow_mock.kit.probes.other_protocols import what_speaks
from runflow_mock.kit.suite.carriers import Answer, Carrier, CarrierExchanger, HttpCarrier, NoAnswer
from runflow_mock.kit.suite.offers import USUAL, Offer, offered
from runflow_mock.kit.suite.readings import Unanswered, Unexpected, expect
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.control import Control
from runflow_mock.testing.records import Pulled, Tenant

POLL_SECONDS = 0.5
POLL_SECONDS_MAX = 120.0
READS_PER_SECOND = 2.0
MOCK_PREFIX = "rf_live_mock_"
PLENTY = "100000"
READING = frozenset(("GET", "HEAD", "OPTIONS"))
REFUSED = range(400, 500)
LEADING = frozenset((301, 302, 303, 307, 308))
LEADS_MAX = 5

LOCAL_HOOK = "http://127.0.0.1:9/callbacks"
FAIL = "mock:fail"
"""The `client_ref` of what must fail."""
# Where plain http is refused even to loopback; nothing is ever sent there, since the suite carries callbacks itself.
STRICT_HOOK = "https://app.example/callbacks"

NO_KEY = "the target has no control API, so a key is needed: give one with --api-key"
Eye = Callable[[Answer], None]
Ear = Callable[[Pulled], None]
_NUMBERS = count(1)
# A suite that was stopped leaves its tenants behind: the next one must not meet them.
_THIS_SUITE = secrets.token_hex(4)


class TargetError(Exception):
    """The target cannot be used; the message says why and what to do."""


class Pace(msgspec.Struct, frozen=True):
    """How gentle the suite is to a server that is no fake: requests in a second, and seconds between two looks."""

    requests_per_second: float = READS_PER_SECOND
    poll_seconds: float = POLL_SECONDS


class CountingExchanger:
    """Lets the control client of a tenant speak through a carrier, and counts what may have changed the world."""

    def __init__(self, carrier: Carrier) -> None:
        self.moments = 0
        self._inner = CarrierExchanger(carrier)

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Returns status and body of the answer to a request."""
        self.moments += method not in READING
        return self._inner.exchange(method, path, headers, body)

    def close(self) -> None:
        """Does nothing: the carrier belongs to the target."""


class Target:
    """The server under test: its carrier, the key, and whether it is a fake with the control API."""

    def __init__(
        self,
        carrier: Carrier,
        key: str | None,
        *,
        dialect: str | None = None,
        switches: Mapping[str, str] | None = None,
        spend_usd: float = 0.0,
        pace: Pace | None = None,
        names: Iterator[str] | None = None,
    ) -> None:
        """Looks at the server; `names` are those that its tenants get, for who wants to ask the same twice."""
        self.carrier = carrier
        self.key = key
        self.dialect = dialect
        self.switches = dict(switches or {})
        self.spend_usd = spend_usd
        self.pace = pace or Pace()
        self.is_mock = _is_mock(carrier)
        self.names = (f"suite_{_THIS_SUITE}_{number}" for number in _NUMBERS) if names is None else names
        self.numbers = count(1)
        """Tell apart what is made with this target."""
        self.usual = _usual_tenant(carrier, next(self.names)) if self.is_mock else None
        """The settings of a tenant for which nothing was asked, where the control API of a fake makes tenants for the suite."""
        self.has_control = self.usual is not None
        # Known from the first tenant on.
        self.is_strict = False
        self.balance_digit = Decimal(1)
        """The last digit of the balance that the server has told most exactly."""
        # Every fake that makes tenants has the usual model; what another server has is asked for when it is needed.
        self.offer: Offer | None = USUAL if self.has_control else None

    @property
    def may_create(self) -> bool:
        """Whether the suite may create what costs money, and so send anything but reads."""
        return self.has_control or self.spend_usd > 0

    def target_of(self, url: str) -> str | None:
        """Returns what a request to an address that an answer gave asks for, or nothing where it leads elsewhere or is no address."""
        try:
            base, address = urlsplit(self.carrier.url), urlsplit(url)
        except ValueError:
            return None
        # A server may stand behind a prefix, which is part of the address and not of what is asked for.
        if address.netloc != base.netloc or not address.path.startswith(f"{base.path}/"):
            return None
        return address.path.removeprefix(base.path) + (f"?{address.query}" if address.query else "")

    def still_answers(self) -> None:
        """Does nothing where the server answers anything at all.

        Raises:
            TargetError: it does not any more.
        """
        try:
            self.carrier.carry("GET", "/v1/health", {}, None)
        except NoAnswer as error:
            raise TargetError(f"{self.carrier.url} does not answer any more ({error})") from None

    def open(self, **settings: Any) -> "SuiteTenant":
        """Returns a tenant for a part of the suite; the settings count where the target has the control API.

        Raises:
            TargetError: there is no key, or the control API makes no tenant.
        """
        if not self.has_control:
            if self.key is None:
                raise TargetError(NO_KEY)
            return SuiteTenant(self, self.key, self.key, None)
        name = next(self.names)
        exchanger = CountingExchanger(self.carrier)
        control = Control(self.carrier.url, f"{MOCK_PREFIX}{name}", exchanger)
        given = {"name": name, "clock": "manual", "balance": PLENTY, "deliveries": "pull", "magic": True, **settings}
        if self.dialect is not None:
            given["dialect"] = self.dialect
        if self.switches:
            given["switches"] = {**self.switches, **given.get("switches", {})}
        try:
            told = control.client.post("/_mock/tenants", given)
        except NoAnswer as error:
            raise TargetError(f"{self.carrier.url} does not answer any more ({error})") from None
        except ClientError as error:
            raise TargetError(f"the control API makes no tenant: {error}") from None
        record = convert(told, Tenant)
        tenant = SuiteTenant(self, record.key, record.admin_key, control, name)
        tenant.settings, tenant.keys, tenant.exchanger = told, record.keys, exchanger
        self.is_strict = tenant.is_strict
        if tenant.is_strict:
            # A strict tenant knows no magic: a rule does what the name would have done.
            control.add_fault(what={"kind": "fail"}, where={"client_ref": FAIL}, label="suite")
        return tenant


class SuiteTenant:
    """Sends requests to the target with the tenant's key; eyes see every answer, ears hear every callback that is carried.

    `settings` are those that the control API told of it, where there is one.
    """

    def __init__(self, target: Target, key: str, admin_key: str, control: Control | None, name: str = "") -> None:
        self.target = target
        self.key = key
        self.admin_key = admin_key
        self._control = control
        self._name = name
        self.eyes: list[Eye] = []
        self.ears: list[Ear] = []
        self.settings: Mapping[str, Any] = {}
        self.keys: Mapping[str, str] = {}
        self.exchanger: CountingExchanger | None = None
        # The status that a rule of the fake was asked to answer with just now: what was asked for is no failure.
        self.provoked: int | None = None
        # An account outlives the suite: what it finds there of an earlier time must not be taken for its own.
        self.mark = "suite" if control is not None else f"suite-{time.time_ns():x}"
        self._next_read = 0.0

    @property
    def has_control(self) -> bool:
        """Whether the suite can look behind the API and move the clock."""
        return self._control is not None

    @property
    def control(self) -> Control:
        """The control API of the tenant."""
        if self._control is None:
            raise TargetError("the target has no control API")
        return self._control

    def send(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
        raw: bytes = b"",
    ) -> Answer:
        """Returns the answer to a request, sent with the tenant's key, another one, or (with `None`) none."""
        self._pace()
        used = self.key if key == "" else key
        sent = {} if used is None else {"Authorization": f"Bearer {used}"}
        content = raw or (None if body is None else write_document(body))
        if content is not None:
            sent["Content-Type"] = "application/json"
        sent = {**sent, **(headers or {})}
        try:
            answer = self.target.carrier.carry(method, target, sent, content)
        except NoAnswer as error:
            raise Unanswered(f"{method} {target[:200]} was not answered: {error}") from None
        if self.exchanger is not None:
            # What is refused changes nothing: what was told before is told again.
            self.exchanger.moments += method not in READING and answer.status not in REFUSED
        moment = None if self.exchanger is None else self.exchanger.moments
        lowered = {name.lower(): value for name, value in sent.items()}
        answer = replace(answer, sent_headers=lowered, sent_body=content or b"", moment=moment, is_provoked=answer.status == self.provoked)
        for eye in self.eyes:
            eye(answer)
        return answer

    def get(self, target: str, **options: Any) -> Answer:
        """Sends a GET."""
        return self.send("GET", target, **options)

    def post(self, target: str, body: Any = None, **options: Any) -> Answer:
        """Sends a POST."""
        return self.send("POST", target, body, **options)

    @property
    def is_strict(self) -> bool:
        """Whether the tenant knows what is documented and nothing else."""
        return bool(self.settings.get("strict"))

    @property
    def speaks_as_its_server(self) -> bool:
        """Whether what needs no key is told in the same dialect as what the tenant's key reads."""
        usual = self.target.usual
        return usual is None or all(self.settings[name] == usual[name] for name in ("dialect", "switches", "strict"))

    @property
    def offer(self) -> Offer:
        """The model with which the suite creates: the usual one, or what the target's own list has."""
        if self.target.offer is None:
            headers = {"Authorization": f"Bearer {self.key}"}
            self.target.offer = offered(lambda path: self.target.carrier.carry("GET", path, headers, None))
        return self.target.offer

    def items(self, path: str) -> list[Any]:
        """Returns what a list shows, or nothing where a strict server has no such list."""
        answer = self.get(path)
        if self.is_strict and answer.status == 404:
            return []
        items: list[Any] = expect(answer, 200)["items"]
        return items

    @property
    def hook(self) -> str:
        """An address for callbacks that the target takes; nobody listens there."""
        return STRICT_HOOK if self.is_strict else LOCAL_HOOK

    def pull(self) -> list[Pulled]:
        """Returns the attempts that wait to be carried, once every ear has heard them."""
        pulled = self.control.pull_deliveries()
        for attempt in pulled:
            for ear in self.ears:
                ear(attempt)
        return pulled

    def fetch(self, url: str, method: str = "GET", headers: Mapping[str, str] = MappingProxyType({})) -> Answer | None:
        """Returns what stands at an address that an answer gave, asked for without a key; nothing where the carrier does not reach.

        Of what stands elsewhere nothing but the whole is asked for. An address may lead to another one, as that of a file that moves to
        where many read it.
        """
        try:
            for _ in range(LEADS_MAX):
                answer = self._at(url, method, headers)
                place = answer.headers.get("location") if answer is not None and answer.status in LEADING else None
                if place is None:
                    break
                url = urljoin(url, place)
            return answer
        except NoAnswer as error:
            raise Unanswered(f"{method} {url[:200]} was not answered: {error}") from None
        except ValueError as error:
            raise Unexpected(str(error)) from None

    def _at(self, url: str, method: str, headers: Mapping[str, str]) -> Answer | None:
        carrier, target = self.target.carrier, self.target.target_of(url)
        if target is not None:
            return carrier.carry(method, target, headers, None)
        is_whole = method == "GET" and not headers
        return carrier.fetch(url) if is_whole and isinstance(carrier, HttpCarrier) else None

    def until(self, is_there: Callable[[], bool], seconds_max: float = POLL_SECONDS_MAX) -> bool:
        """Lets time pass until something is there: the clock is moved where there is one, else the suite waits and looks again."""
        if self._control is not None:
            while not is_there():
                if not self._control.next():
                    return is_there()
            return True
        deadline = time.monotonic() + seconds_max
        while not is_there():
            if time.monotonic() > deadline:
                return False
            time.sleep(self.target.pace.poll_seconds)
        return True

    def settle(self) -> None:
        """Lets everything happen that is due, where the clock can be moved; callbacks are taken as received."""
        if self._control is None:
            return
        for _ in range(100):
            self._control.run_until_idle()
            pulled = self.pull()
            if not pulled:
                return
            for delivery in pulled:
                self._control.answer_delivery(delivery.delivery_id, 200)

    def close(self) -> None:
        """Drops the tenant, where it was made for the suite."""
        if self._control is not None:
            self._control.delete_tenant(self._name)

    def __enter__(self) -> "SuiteTenant":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pace(self) -> None:
        """Waits where the target is not a fake: it is somebody's service."""
        if self.target.is_mock:
            return
        now = time.monotonic()
        if now < self._next_read:
            time.sleep(self._next_read - now)
        self._next_read = max(now, self._next_read) + 1 / self.target.pace.requests_per_second


def _is_mock(carrier: Carrier) -> bool:
    try:
        answer = carrier.carry("GET", "/_mock/version", {}, None)
    except NoAnswer as error:
        speaks = what_speaks(carrier.url) if isinstance(carrier, HttpCarrier) else None
        if speaks is not None:
            raise TargetError(f"{carrier.url} is another address than this takes: {speaks}") from None
        raise TargetError(f"{carrier.url} does not answer ({error}); say where the server is with --base-url") from None
    content = answer.json
    return answer.status == 200 and isinstance(content, dict) and "version" in content


def _usual_tenant(carrier: Carrier, name: str) -> Mapping[str, Any] | None:
    """Returns the settings of a tenant for which nothing is asked, or nothing where the control API of a fake makes none."""
    control = Control(carrier.url, f"{MOCK_PREFIX}{name}", CarrierExchanger(carrier))
    try:
        settings = control.client.post("/_mock/tenants", {"name": name})
        convert(settings, Tenant)
        control.delete_tenant(name)
    except (ClientError, msgspec.ValidationError, NoAnswer):
        return None
    return dict(settings)
