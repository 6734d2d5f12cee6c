"""The settings and the access list that a bank copies, on Debian's Mosquitto: who is let in, and to what."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Final, assert_never

import pytest

from tests.fleet.places import KIOSK, SITE, Act, Place, Who, may, topic
from tests.worlds.authority import Authority, Identity
from tests.worlds.broker import FILES, Broker, context_of, needs_mosquitto
from tests.worlds.broker_client import BrokerClient, RefusedError

pytestmark = [
    needs_mosquitto,
    pytest.mark.slow,
    # paho leaves the socket of a handshake that fails to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

EXAMINER: Final = "examiner"
EVERYTHING: Final = ("#", "cabinguard/v1/#", "+/+/+/+/+/+", "+/+/+/+/+", "homeassistant/#", "bank/#")
GOES: Final = frozenset({"Success", "No matching subscribers"})
"""What the broker says of a message that it takes."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The shipped files, and one user more, who may write anywhere: what others read has to come from one."""
    folder = tmp_path_factory.mktemp("broker")
    access = folder / "mosquitto.acl"
    shipped = (FILES / "mosquitto.acl").read_text()
    access.write_text(f"{shipped}\nuser {EXAMINER}\ntopic write #\n")
    with Broker(folder, changes={"acl_file": str(access)}) as running:
        yield running


def client(broker: Broker, name: str, *, keeps: bool = False) -> BrokerClient:
    return BrokerClient(broker, context_of(broker.certificate(name)), name, keeps=keeps)


# --- what each may do ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", Who)
def test_who_may_publish_where(broker: Broker, who: Who) -> None:
    with client(broker, who.value) as one:
        for place in Place:
            answer = one.publish(topic(place))
            allowed = answer in GOES
            assert allowed == may(who, Act.PUBLISH, place), (place, answer)
            assert allowed or answer == "Not authorized"


@pytest.mark.parametrize("who", Who)
def test_what_each_hears_whatever_it_subscribes_to(broker: Broker, who: Who) -> None:
    """Mosquitto grants every subscription and then hands out only what may be read."""
    with client(broker, who.value) as one, client(broker, EXAMINER) as examiner:
        one.subscribe(*EVERYTHING, *(topic(place) for place in Place), retained=False)
        for place in Place:
            assert examiner.publish(topic(place), place.value.encode()) in GOES
        # The last that each may read: what came before it is all that comes.
        fence = {Who.OTHER_KIOSK: topic(Place.REQUEST, "kiosk-2"), Who.KIOSK: topic(Place.REQUEST)}
        examiner.publish(fence.get(who, topic(Place.STATUS)), b"fence")
        heard = {message.topic for message in one.wait_for(b"fence")[:-1]}
    assert heard == {topic(place) for place in Place if may(who, Act.READ, place)}


@pytest.mark.parametrize("shared", ["$share/desk/cabinguard/v1/#", "$share/desk/#"])
def test_a_shared_subscription_opens_nothing_either(broker: Broker, shared: str) -> None:
    with client(broker, KIOSK) as kiosk, client(broker, EXAMINER) as examiner:
        kiosk.subscribe(shared, retained=False)
        kiosk.subscribe(topic(Place.REQUEST), retained=False)
        for place in Place:
            examiner.publish(topic(place), place.value.encode())
        examiner.publish(topic(Place.REQUEST), b"fence")
        assert {message.topic for message in kiosk.wait_for(b"fence")} <= {topic(Place.REQUEST)}


@pytest.mark.parametrize("who", [who for who in Who if who is not Who.CONTROL_ROOM])
def test_the_brokers_own_numbers_are_for_the_control_room(broker: Broker, who: Who) -> None:
    with client(broker, Who.CONTROL_ROOM.value) as desk, client(broker, who.value) as other:
        for one in (desk, other):
            one.subscribe("$SYS/#")
            one.subscribe(topic(Place.STATUS), topic(Place.REQUEST, who.value))
        with client(broker, EXAMINER) as examiner:
            examiner.publish(topic(Place.STATUS), b"fence")
            examiner.publish(topic(Place.REQUEST, who.value), b"fence")
        assert any(message.topic.startswith("$SYS/broker") for message in desk.wait_for(b"fence"))
        assert not any(message.topic.startswith("$SYS") for message in other.wait_for(b"fence"))


@pytest.mark.parametrize("who", Who)
def test_what_each_may_leave_behind(broker: Broker, who: Who) -> None:
    """Mosquitto's list knows no `retain`: who may write a topic may leave one message there. Since each topic
    is named, that is one for each of a kiosk's topics and no more; a kiosk refuses a request that was kept,
    and a reader takes an event that was kept for a repeat."""
    with client(broker, who.value) as one:
        for place in Place:
            assert (one.publish(topic(place), b"left", retain=True) in GOES) == may(who, Act.PUBLISH, place)
        left = [place for place in Place if may(who, Act.PUBLISH, place)]
        for place in left:
            one.publish(topic(place), b"", retain=True)
    more_than_should = [place for place in left if not may(who, Act.RETAIN, place)]
    assert len(more_than_should) == {Who.KIOSK: 5, Who.CONTROL_ROOM: 1}.get(who, 0)


def test_what_a_kiosk_left_is_handed_to_who_may_read_it_and_survives_the_broker(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        with client(broker, KIOSK) as kiosk:
            kiosk.publish(topic(Place.STATUS), b"online", retain=True)
        broker.save()
        broker.restart()
        with client(broker, Who.CONTROL_ROOM.value) as desk:
            desk.subscribe("cabinguard/v1/#")
            (kept,) = desk.wait_for(b"online")
        assert kept.retained
        assert kept.topic == topic(Place.STATUS)


# --- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["+", "#", f"{KIOSK}/request", f"+/{KIOSK}", " ", f"{KIOSK}\x7f"])
def test_a_name_that_is_no_kiosks_reads_and_writes_nothing_of_a_kiosk(broker: Broker, odd: str) -> None:
    """Whatever an authority was made to certify."""
    try:
        with client(broker, odd) as stranger, client(broker, EXAMINER) as examiner:
            for place in Place:
                assert stranger.publish(topic(place)) == "Not authorized"
            stranger.subscribe(*EVERYTHING, retained=False)
            for place in Place:
                examiner.publish(topic(place), place.value.encode())
            # It has nothing that it may read: its own answer to a message is the fence.
            stranger.publish(topic(Place.STATUS))
            assert stranger.arrived == []
    except RefusedError:
        pass  # not let in at all


def test_what_a_client_says_of_itself_is_not_asked(broker: Broker) -> None:
    identity = context_of(broker.certificate("kiosk-2"))
    with BrokerClient(broker, identity, "control-room", username="control-room") as liar:
        assert liar.publish(topic(Place.REQUEST)) == "Not authorized"
        assert liar.publish(topic(Place.STATUS, "kiosk-2")) in GOES


def test_nobody_takes_over_the_session_of_another(broker: Broker) -> None:
    """A session is named by the certificate, so what waits for a control room waits for it alone."""
    with client(broker, Who.CONTROL_ROOM.value, keeps=True) as desk:
        desk.subscribe("cabinguard/v1/+/+/events/+", retained=False)
    with client(broker, KIOSK) as kiosk:
        assert kiosk.publish(topic(Place.ALERT), b"for the desk") == "Success"
    thief_context = context_of(broker.certificate("kiosk-2"))
    with BrokerClient(broker, thief_context, Who.CONTROL_ROOM.value, keeps=True) as thief:
        assert not thief.session_present
        with client(broker, EXAMINER) as examiner:
            thief.subscribe(topic(Place.REQUEST, "kiosk-2"), retained=False)
            examiner.publish(topic(Place.REQUEST, "kiosk-2"), b"fence")
        assert len(thief.wait_for(b"fence")) == 1
    with client(broker, Who.CONTROL_ROOM.value, keeps=True) as desk:
        assert desk.session_present
        assert len(desk.wait_for(b"for the desk")) == 1


# --- certificates -------------------------------------------------------------------------------------------


class Shows(Enum):
    """What a client shows at the door."""

    GOOD = auto()
    REVOKED = auto()
    ENDED = auto()
    NOT_YET = auto()
    OTHER_AUTHORITY = auto()
    SAME_NAMED_AUTHORITY = auto()
    A_SERVERS = auto()
    NONE = auto()
    TLS_1_1 = auto()
    WEAK_CIPHER = auto()
    NO_TLS = auto()


def _refusal(shows: Shows) -> str:
    """Why the broker refuses, as its log says it; empty where it lets in."""
    match shows:
        case Shows.GOOD:
            return ""
        case (
            Shows.REVOKED
            | Shows.ENDED
            | Shows.NOT_YET
            | Shows.OTHER_AUTHORITY
            | Shows.SAME_NAMED_AUTHORITY
            | Shows.A_SERVERS
        ):
            return "certificate verify failed"
        case Shows.NONE:
            return "peer did not return a certificate"
        case Shows.TLS_1_1:
            return "unsupported protocol"
        case Shows.WEAK_CIPHER:
            return "no shared cipher"
        case Shows.NO_TLS:
            return "wrong version number"
        case _:
            assert_never(shows)


def _context(shows: Shows, own: Authority, folder: Path) -> ssl.SSLContext | None:
    match shows:
        case Shows.GOOD:
            return context_of(own.certify(KIOSK))
        case Shows.REVOKED:
            revoked = own.certify(KIOSK)
            own.revoke(revoked)
            return context_of(revoked)
        case Shows.ENDED:
            return context_of(own.certify(KIOSK, days=-0.5, since_days=30))
        case Shows.NOT_YET:
            return context_of(own.certify(KIOSK, since_days=-1))
        case Shows.OTHER_AUTHORITY:
            return _forged(Authority(folder / "other", "Another").certify(KIOSK))
        case Shows.SAME_NAMED_AUTHORITY:
            return _forged(Authority(folder / "forged").certify(KIOSK))
        case Shows.A_SERVERS:
            return context_of(own.certify(KIOSK, server=True))
        case Shows.NONE:
            return ssl.create_default_context(cafile=str(own.ca_file))
        case Shows.TLS_1_1:
            old = context_of(own.certify(KIOSK))
            old.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                old.minimum_version = ssl.TLSVersion.TLSv1_1
                old.maximum_version = ssl.TLSVersion.TLSv1_1
            return old
        case Shows.WEAK_CIPHER:
            weak = context_of(own.certify(KIOSK))
            weak.maximum_version = ssl.TLSVersion.TLSv1_2
            weak.set_ciphers("ECDHE-ECDSA-AES128-SHA")
            return weak
        case Shows.NO_TLS:
            return None
        case _:
            assert_never(shows)


def _forged(identity: Identity) -> ssl.SSLContext:
    """A forger trusts anybody, so that it is the broker who refuses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(identity.certificate_file, identity.key_file)
    return context


def test_who_is_let_in_by_what_it_shows(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    contexts = {shows: _context(shows, broker.authority, tmp_path) for shows in Shows}
    with broker:
        for shows, context in contexts.items():
            refusal = _refusal(shows)
            if not refusal:
                with BrokerClient(broker, context, KIOSK) as one:
                    assert one.publish(topic(Place.STATUS)) in GOES
                continue
            said = broker.log.count(refusal)
            with pytest.raises(RefusedError):
                BrokerClient(broker, context, KIOSK)
            broker.wait_for_log(refusal, said + 1)


def test_a_certificate_revoked_while_the_broker_runs_is_refused_once_it_is_told(tmp_path: Path) -> None:
    """SIGHUP has the list read again, for who comes from then on; who is there stays until a restart."""
    with Broker(tmp_path) as broker:
        other = context_of(broker.certificate("kiosk-2"))
        identity = broker.certificate(KIOSK)
        with BrokerClient(broker, context_of(identity), KIOSK) as there:
            broker.authority.revoke(identity)
            broker.reload()
            broker.wait_for_log("Reloading config")
            # The broker does one thing after the other: an answer means that the list was read.
            assert there.publish(topic(Place.STATUS)) in GOES
            with pytest.raises(RefusedError):
                BrokerClient(broker, context_of(identity), KIOSK)
            assert there.publish(topic(Place.STATUS)) in GOES
        broker.stop()
        broker.start()
        with pytest.raises(RefusedError):
            BrokerClient(broker, context_of(identity), KIOSK)
        with client(broker, KIOSK), BrokerClient(broker, other, "kiosk-2"):
            pass  # the same kiosk with a new certificate, and one that nobody revoked


def test_a_list_of_revoked_ones_whose_time_has_passed_keeps_everybody_out(tmp_path: Path) -> None:
    """So the one who runs the broker has to renew it in time: the README says so."""
    broker = Broker(tmp_path)
    broker.authority.write_list(days=-1)
    with broker, pytest.raises(RefusedError):
        client(broker, KIOSK)


# --- limits -------------------------------------------------------------------------------------------------


def test_too_large_a_message_ends_the_connection_and_not_the_broker(broker: Broker) -> None:
    with client(broker, KIOSK) as kiosk:
        assert kiosk.publish(topic(Place.EVIDENCE), b"x" * 250_000) in GOES
        with pytest.raises(RefusedError):
            kiosk.publish(topic(Place.EVIDENCE), b"x" * 270_000)
    with client(broker, KIOSK) as kiosk:
        assert kiosk.publish(topic(Place.STATUS)) in GOES


def test_more_connections_than_allowed_are_refused_and_the_others_stay(tmp_path: Path) -> None:
    with Broker(tmp_path, changes={"max_connections": "3"}) as broker:
        inside = [client(broker, f"kiosk-{number}") for number in range(3)]
        with pytest.raises(RefusedError):  # the next one as a rule: Mosquitto was seen to let one more in
            inside += (client(broker, f"kiosk-{number}") for number in range(3, 6))
        for number, one in enumerate(inside):
            assert one.publish(topic(Place.STATUS, f"kiosk-{number}")) in GOES
            one.close()


def test_a_second_client_with_one_certificate_ends_the_first(broker: Broker) -> None:
    with client(broker, KIOSK) as first, client(broker, KIOSK) as second:
        assert first.wait_until_lost()
        assert second.publish(topic(Place.STATUS)) in GOES


def test_what_waits_for_an_absent_control_room_survives_the_brokers_death(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        with client(broker, Who.CONTROL_ROOM.value, keeps=True) as desk:
            desk.subscribe("cabinguard/v1/+/+/events/+")
        with client(broker, KIOSK) as kiosk:
            for number in range(50):
                assert kiosk.publish(topic(Place.ALERT), str(number).encode()) == "Success"
        broker.save()
        broker.restart()
        with client(broker, Who.CONTROL_ROOM.value, keeps=True) as desk:
            assert desk.session_present
            came = [int(message.payload) for message in desk.wait_for(b"49")]
            assert came == list(range(50))


def test_a_queue_that_is_full_keeps_the_oldest(tmp_path: Path) -> None:
    """The rest is gone without a word from the broker: the reader sees it by the numbers."""
    with Broker(tmp_path, changes={"max_queued_messages": "10"}) as broker:
        with client(broker, Who.CONTROL_ROOM.value, keeps=True) as desk:
            desk.subscribe("cabinguard/v1/+/+/events/+")
        with client(broker, KIOSK) as kiosk:
            for number in range(20):
                kiosk.publish(topic(Place.ALERT), str(number).encode())
            with client(broker, Who.CONTROL_ROOM.value, keeps=True) as desk:
                kiosk.publish(topic(Place.ALERT), b"last")
                came = [message.payload for message in desk.wait_for(b"last")]
    assert came == [*(str(number).encode() for number in range(10)), b"last"]


def test_the_site_is_the_kiosks_own_word_unless_the_list_names_it(broker: Broker, tmp_path: Path) -> None:
    elsewhere = topic(Place.STATUS).replace(SITE, "south")
    with client(broker, KIOSK) as kiosk:
        assert kiosk.publish(elsewhere) in GOES
        assert kiosk.publish(topic(Place.STATUS, "kiosk-2")) == "Not authorized"
    named = tmp_path / "mosquitto.acl"
    named.write_text((FILES / "mosquitto.acl").read_text().replace("/+/%u/", f"/{SITE}/%u/"))
    with Broker(tmp_path, changes={"acl_file": str(named)}) as strict, client(strict, KIOSK) as kiosk:
        assert kiosk.publish(elsewhere) == "Not authorized"
        assert kiosk.publish(topic(Place.STATUS)) in GOES
