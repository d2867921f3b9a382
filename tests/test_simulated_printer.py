"""The simulated printer: the real session over sockets, terminals and memory, and what comes out of it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from devices.escpos.book import MemoryBook
from devices.escpos.conversation import Conversation
from devices.escpos.driver import EscposPrinter, wire_s
from devices.escpos.owner import Errand
from devices.escpos.probing import ProbeReport, probe
from devices.escpos.profiles import Fence, PresenterKind, profile
from devices.escpos.spans import command_length, spans
from devices.page import LogoTile, Page, QrTile, RuleTile, TextTile, Tile, pack
from devices.printer import JobState, JobUpdate, Printer, PrinterHealth, PrintJob
from devices.printer_url import PrinterUrlInvalid, SerialAddress, TcpAddress
from devices.simulated_printer import Fault, SimulatedPrinter
from devices.simulation.faults import Line
from devices.simulation.interpreter import Interpreter
from devices.simulation.machine import Machine
from devices.simulation.paper import Paper
from devices.simulation.rig import MemoryJournal, Rig, VirtualClock
from devices.simulation.serving import TcpServer, TerminalServer

_FAST_MM_S = 4000.0


def _page(number: int = 1, *, width: int = 576) -> Page:
    """A page with one piece of each kind; the text tile's picture is nothing a font would draw."""
    picture = Image.new("1", (200, 90), 255)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((5, 5, 180, 80), fill=0)
    draw.text((60, 30), f"no {number}", fill=255)
    tile = Tile(12, 4, 200, 90, pack(picture))
    text = TextTile(12, 100, 96, 24, b"\xaa\x55" * 6 * 24, "12345678", 1, False)
    rule = RuleTile(0, 130, width, 2, b"\xff" * (width // 8 * 2))
    code = QrTile(16, 140, 87, 87, pack(Image.new("1", (87, 87), 0)), "HELLO", 3, "M", 4)
    logo = LogoTile(16, 240, 64, 16, b"\xf0" * 128)
    return Page(width, 270, (tile, text, rule, code, logo))


class Watcher:
    """Collects a job's updates and waits for them."""

    def __init__(self) -> None:
        self.updates: list[JobUpdate] = []
        self._news: queue.SimpleQueue[JobUpdate] = queue.SimpleQueue()

    def __call__(self, update: JobUpdate) -> None:
        self.updates.append(update)
        self._news.put(update)

    def until(self, *states: JobState) -> JobUpdate:
        """The first update with one of the states."""
        while True:
            update = self._news.get(timeout=20)
            if update.state in states:
                return update

    @property
    def states(self) -> list[JobState]:
        return [update.state for update in self.updates]


def _await(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end, "never came to be"
        threading.Event().wait(0.005)


def _print(printer: Printer, page: Page, job: str = "a") -> Watcher:
    watcher = Watcher()
    printer.submit(PrintJob(job, 1, page), watcher)
    watcher.until(JobState.CUT, JobState.REFUSED, JobState.UNKNOWN)
    return watcher


def _same(slip: Image.Image, page: Page) -> bool:
    """Whether paper shows the page dot for dot; white rows at the end do not count."""
    whole = Image.new("1", (page.width, page.height), 255)
    whole.paste(slip, (0, 0))
    return whole.tobytes() == page.image().tobytes()


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[SimulatedPrinter]:
    printer = SimulatedPrinter(journal=MemoryJournal(), folder=tmp_path / "paper", speed_mm_s=_FAST_MM_S)
    _await(lambda: printer.status().health is PrinterHealth.READY)
    yield printer
    printer.close()


def test_it_writes_what_it_printed_as_a_picture(simulated: SimulatedPrinter, tmp_path: Path) -> None:
    page = _page()
    watcher = _print(simulated, page)
    assert watcher.states == [JobState(s) for s in ("QUEUED", "PREFLIGHT", "SENDING", "SENT", "PRINTED", "CUT")]
    (picture,) = (tmp_path / "paper").iterdir()
    assert picture.name == "slip-0001.png"
    with Image.open(picture) as slip:
        assert slip.mode == "1" and _same(slip, page)


def test_faults_can_be_switched_while_it_prints(simulated: SimulatedPrinter) -> None:
    simulated.machine.at_byte(400, Fault.PAPER_OUT)
    watcher = Watcher()
    simulated.submit(PrintJob("a", 1, _page()), watcher)
    assert watcher.until(JobState.HELD).reason == "paper_out"
    assert simulated.status().health is PrinterHealth.PAPER_OUT
    simulated.switch(Fault.PAPER_OUT, False)
    assert watcher.until(JobState.CUT).confirmed
    assert len(simulated.machine.slips) == 1


def test_a_pulled_plug_is_found_again_by_itself(simulated: SimulatedPrinter) -> None:
    simulated.switch(Fault.PULLED)
    _await(lambda: simulated.status().health is PrinterHealth.ABSENT)
    assert _print(simulated, _page()).updates[-1].reason == "absent"
    simulated.switch(Fault.PULLED, False)
    _await(lambda: simulated.status().health is PrinterHealth.READY)
    assert _print(simulated, _page(), "b").states[-1] is JobState.CUT


@pytest.mark.parametrize("encoder", ["raster", "lines", "hybrid"])
@pytest.mark.parametrize("width", [576, 384])
def test_every_encoder_prints_and_the_exact_ones_to_the_dot(encoder: str, width: int, tmp_path: Path) -> None:
    printer = SimulatedPrinter(
        journal=MemoryJournal(), width=width, encoder=encoder, speed_mm_s=_FAST_MM_S, folder=tmp_path
    )
    page = _page(width=width)
    assert _print(printer, page).states[-1] is JobState.CUT
    (slip,) = printer.machine.slips
    assert _same(slip.image, page) is (encoder != "hybrid")
    assert printer.machine.unknown == []
    printer.close()


class CountingBook(MemoryBook):
    """A book that counts how often a picture was put in."""

    kept = 0

    def keep_picture(self, serial: str, digest: str) -> None:
        self.kept += 1
        super().keep_picture(serial, digest)


def test_a_logo_is_kept_after_the_first_receipt_and_then_printed_from_memory() -> None:
    page, book = _page(), CountingBook()
    printer = SimulatedPrinter(
        journal=MemoryJournal(), encoder="hybrid", speed_mm_s=_FAST_MM_S, keeps_logo=True, book=book
    )
    lengths = []
    for job in ("a", "b", "c"):
        assert _print(printer, page, job).states[-1] is JobState.CUT
        _await(lambda: book.kept == 1)
        lengths.append(len(printer._encoded(page, book.pictures("S-0001"))))
    assert lengths[1] == lengths[2] < len(printer._encoded(page))
    logo = page.pieces[-1]
    box = (logo.x, logo.y, logo.x + logo.width, logo.y + logo.height)
    assert [slip.image.crop(box).tobytes() for slip in printer.machine.slips] == [logo.image().tobytes()] * 3
    printer.close()


def test_another_printer_is_not_taken_for_the_one_that_holds_the_logo() -> None:
    page, book = _page(), CountingBook()
    digest = page.pieces[-1].digest
    book.keep_picture("S-0002", digest)
    printer = SimulatedPrinter(
        journal=MemoryJournal(), encoder="hybrid", speed_mm_s=_FAST_MM_S, keeps_logo=True, book=book
    )
    assert _print(printer, page).states[-1] is JobState.CUT
    (slip,) = printer.machine.slips
    logo = page.pieces[-1]
    assert slip.image.crop((logo.x, logo.y, logo.x + logo.width, logo.y + logo.height)).getextrema() == (0, 255)
    _await(lambda: book.pictures("S-0001") == {digest})
    printer.close()


@pytest.mark.parametrize("profile", ["simulated", "generic"])
def test_a_printer_keeps_no_logo_unless_it_was_told_to_and_can(profile: str) -> None:
    book = CountingBook()
    printer = SimulatedPrinter(
        journal=MemoryJournal(),
        encoder="hybrid",
        speed_mm_s=_FAST_MM_S,
        keeps_logo=profile == "generic",
        profile=profile,
        book=book,
    )
    for job in ("a", "b"):
        assert _print(printer, _page(), job).states[-1] is JobState.CUT
    assert book.kept == 0
    printer.close()


@pytest.fixture(params=["tcp", "terminal"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Machine, str]]:
    """A machine and the address it is served at, over a real socket or a real terminal line."""
    machine = Machine(
        clock=time.monotonic, speed_mm_s=_FAST_MM_S, line=Line.DEAF if request.param == "terminal" else Line.DROPS
    )
    server = TcpServer(machine) if request.param == "tcp" else TerminalServer(machine, link=tmp_path / "printer")
    yield machine, server.url
    server.close()


@pytest.mark.parametrize("name", ["generic", "epson-tm"])
def test_the_session_prints_over_a_real_line(served: tuple[Machine, str], name: str) -> None:
    machine, url = served
    page = _page()
    printer = EscposPrinter(url=url, profile=name, encoder="lines", journal=MemoryJournal())
    for job in ("a", "b", "c"):
        assert _print(printer, page, job).states[-1] is JobState.CUT
    assert [_same(slip.image, page) for slip in machine.slips] == [True] * 3
    printer.close()


def test_a_held_job_is_finished_over_a_real_line(served: tuple[Machine, str]) -> None:
    machine, url = served
    printer = EscposPrinter(url=url, encoder="raster", journal=MemoryJournal())
    _await(lambda: printer.status().health is PrinterHealth.READY)
    machine.at_byte(9000, Fault.COVER)
    watcher = Watcher()
    printer.submit(PrintJob("a", 1, _page()), watcher)
    assert watcher.until(JobState.HELD).reason == "cover_open"
    machine.switch(Fault.COVER, False)
    assert watcher.until(JobState.CUT, JobState.UNKNOWN).confirmed
    assert len(machine.slips) == 1
    printer.close()


def test_a_plug_pulled_in_the_middle_and_put_back_leaves_an_honest_state(served: tuple[Machine, str]) -> None:
    machine, url = served
    journal = MemoryJournal()
    printer = EscposPrinter(url=url, encoder="raster", journal=journal)
    _await(lambda: printer.status().health is PrinterHealth.READY)
    machine.at_byte(9000, Fault.PULLED, received=True)
    watcher = Watcher()
    printer.submit(PrintJob("a", 1, _page()), watcher)
    assert watcher.until(JobState.UNKNOWN).reason == "absent"
    machine.switch(Fault.PULLED, False)
    _await(lambda: printer.status().health is PrinterHealth.READY)
    page = _page(2)
    assert _print(printer, page, "b").states[-1] is JobState.CUT
    assert [_same(slip.image, page) for slip in machine.slips][-1]
    assert not any(_same(slip.image, _page()) for slip in machine.slips)
    assert journal.last()["a"].state is JobState.UNKNOWN
    printer.close()


def test_probing_tells_which_questions_are_answered(served: tuple[Machine, str]) -> None:
    _, url = served
    printer = EscposPrinter(url=url, journal=MemoryJournal())
    report = printer.probe()
    assert report.health is PrinterHealth.READY
    assert report.real_time == (1, 2, 3, 4) and not report.full_status
    assert set(report.fences) == {Fence.STATUS, Fence.PROCESS_ID}
    assert report.pushes and report.identity == ("SIMULATED", "PAPER", "1.0") and report.noise == 0
    proven = report.proven(profile("generic"))
    assert proven.asb and proven.fences == (Fence.PROCESS_ID, Fence.STATUS)
    printer.close()


def test_a_printer_that_says_nothing_confirms_nothing_and_is_probed_as_silent() -> None:
    clock = VirtualClock()
    rig = Rig(profile("simulated"), machine=Machine(clock=clock, answers=frozenset()), clock=clock)
    reports: list[ProbeReport] = []
    confirmed: list[bool] = []

    def work(talk: Conversation | None) -> None:
        assert talk is not None
        reports.append(probe(talk))
        confirmed.append(talk.confirmed(b"\x1b@", timeout_s=3.0))

    rig.owner.send_on(Errand(work))
    rig.owner.turn()
    assert reports == [ProbeReport(health=PrinterHealth.SILENT)] and confirmed == [False]


def test_a_printer_that_is_not_there_is_probed_as_absent() -> None:
    away = EscposPrinter(url="serial:///dev/no-such-line", journal=MemoryJournal())
    assert away.probe().health is PrinterHealth.ABSENT
    away.close()


def test_a_file_gets_exactly_the_bytes_of_the_page(tmp_path: Path) -> None:
    from devices.escpos.encoding import Encoder, encode

    path = tmp_path / "receipt.bin"
    page = _page()
    printer = EscposPrinter(url=f"file://{path}", encoder="lines", profile="generic", journal=MemoryJournal())
    assert printer.status().health is PrinterHealth.READY
    for job in ("a", "b"):
        watcher = Watcher()
        printer.submit(PrintJob(job, 1, page), watcher)
        last = watcher.until(JobState.SENT, JobState.UNKNOWN, JobState.REFUSED)
        assert (last.state, last.confirmed) == (JobState.SENT, True)
        assert path.read_bytes() == encode(page, encoder=Encoder.LINES, profile=profile("generic"))
    printer.close()


def test_a_file_that_cannot_be_written_refuses_the_job(tmp_path: Path) -> None:
    printer = EscposPrinter(url=f"file://{tmp_path}/missing/receipt.bin", journal=MemoryJournal())
    watcher = _print(printer, _page())
    assert watcher.updates[-1].state is JobState.REFUSED and watcher.updates[-1].reason == "absent"
    printer.close()


def test_a_slow_line_gets_the_smaller_encoding_and_a_fast_one_the_exact_one() -> None:
    from devices.escpos.encoding import Encoder, encode

    page = _page()
    sizes = {e: len(encode(page, encoder=e, profile=profile("generic"))) for e in Encoder}
    assert sizes[Encoder.HYBRID] < sizes[Encoder.LINES] < sizes[Encoder.RASTER]
    slow = EscposPrinter(url="serial:///dev/no-such-line?baud=1200", journal=MemoryJournal())
    fast = EscposPrinter(url="serial:///dev/no-such-line?baud=115200", journal=MemoryJournal())
    assert len(slow._encoded(page)) == sizes[Encoder.HYBRID]
    assert len(fast._encoded(page)) == sizes[Encoder.LINES]
    slow.close()
    fast.close()


def test_the_time_on_the_wire_counts_start_stop_and_parity_bits() -> None:
    assert wire_s(960, SerialAddress("/dev/x", baud=9600)) == 1.0
    assert wire_s(960, SerialAddress("/dev/x", baud=9600, parity="E")) == 1.1
    assert wire_s(960, TcpAddress("h")) == 0.0


@pytest.mark.parametrize("settings", [{"encoder": "jpeg"}, {"width": 577}, {"width": 0}, {"profile": "epsn"}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"encoder|width|profile"):
        EscposPrinter(url="tcp://127.0.0.1:9", journal=MemoryJournal(), **settings)  # type: ignore[arg-type]
    with pytest.raises(PrinterUrlInvalid):
        EscposPrinter(url="lpt1", journal=MemoryJournal())


def test_closing_twice_is_fine_and_a_closed_printer_refuses(simulated: SimulatedPrinter) -> None:
    simulated.close()
    simulated.close()
    watcher = Watcher()
    simulated.submit(PrintJob("a", 1, _page()), watcher)
    assert watcher.states == [JobState.REFUSED]


def test_a_page_that_cannot_be_encoded_refuses_the_job_and_the_next_one_prints(
    simulated: SimulatedPrinter,
) -> None:
    too_wide = Page(640, 8, (Tile(0, 0, 640, 8, b"\xff" * 640),))
    assert _print(simulated, too_wide).states[-1] is JobState.REFUSED
    assert _print(simulated, _page(), "b").states[-1] is JobState.CUT


def _draw(data: bytes, *, width: int = 576) -> Image.Image:
    paper = Paper(width)
    head = Interpreter(paper, cut=paper.cut)
    at = 0
    while at < len(data):
        length = command_length(data, at)
        assert length is not None
        head.execute(data[at : at + length])
        at += length
    assert not head.unknown
    return paper.torso()


def test_letters_stand_on_the_lower_edge_beside_columns() -> None:
    strip = b"\x1b*\x21\x08\x00" + b"\x80\x00\x01" * 8
    image = _draw(b"\x1b$\x40\x00" + strip + b"\x1b$\x80\x00\x1d!\x11A\x1d!\x00\x1bJ\x18")
    assert image.height == 48 and image.crop((64, 24, 72, 25)).getextrema() == (0, 0)
    assert image.crop((64, 47, 72, 48)).getextrema() == (0, 0)
    assert image.crop((64, 0, 72, 24)).getextrema() == (255, 255)
    assert image.crop((128, 0, 152, 48)).getextrema() == (0, 255)


def test_pictures_are_exact_doubled_and_placed() -> None:
    image = _draw(b"\x1dL\x08\x00\x1dv0\x03\x01\x00\x02\x00\x80\x01")
    assert [(x, y) for y in range(4) for x in range(40) if not image.getpixel((x, y))] == [
        *[(x, y) for y in (0, 1) for x in (8, 9)],
        *[(x, y) for y in (2, 3) for x in (22, 23)],
    ]
    centred = _draw(b"\x1ba\x01\x1dv0\x00\x01\x00\x01\x00\xff")
    assert centred.crop((284, 0, 292, 1)).getextrema() == (0, 0)


def test_the_length_of_every_command_is_known_before_its_arguments_are_all_there() -> None:
    whole = [
        b"\x1b@", b"\x1b*\x21\x02\x00abcdef", b"\x1b*\x00\x02\x00ab", b"\x1dv0\x00\x01\x00\x03\x00abc",
        b"\x1b$\x01\x02", b"\x1d(k\x03\x001Q0", b"\x1d8L\x02\x00\x00\x00ab", b"\x1dV\x42\x00", b"\x1dV\x00",
        b"\x1de\x03\x0c", b"\x1de\x20\x01\x02", b"\x1dkI\x02ab", b"\x1dk\x04ab\x00", b"\x1bD\x08\x10\x00",
        b"\x1cP\x03\x01Ex", b"\x1d*\x01\x01abcdefgh", b"\x10\x04\x01", b"\x10\x14\x01\x00\x01",
        bytes.fromhex("10140801031401060208"), b"\x1c(z\x02\x00\x01\x00", b"A", b"\n",
    ]  # fmt: skip
    for command in whole:
        assert command_length(command + b"tail") == len(command), command
        for cut in range(1, len(command)):
            assert command_length(command[:cut]) in (None, len(command)), (command, cut)
    pieces = list(spans(b"".join(whole), limit=20))
    assert pieces[0].start == 0 and pieces[-1].end == len(b"".join(whole))
    assert all(a.end == b.start for a, b in pairwise(pieces))
    assert all(piece.owed < 20 for piece in pieces)


def test_a_presenter_can_be_simulated_too() -> None:
    machine = Machine(clock=time.monotonic, presenter=PresenterKind.CUSTOM, speed_mm_s=_FAST_MM_S)
    server = TcpServer(machine)
    printer = EscposPrinter(url=server.url, profile="custom-vkp80", journal=MemoryJournal())
    watcher = Watcher()
    printer.submit(PrintJob("a", 1, _page()), watcher)
    watcher.until(JobState.PRESENTED)
    machine.take()
    assert watcher.until(JobState.TAKEN, JobState.RETRACTED, JobState.UNKNOWN).state is JobState.TAKEN
    printer.close()
    server.close()


def test_it_can_be_made_from_a_settings_table_and_spoken_to_as_any_profile(tmp_path: Path) -> None:
    from devices.registry import open_printer
    from devices.settings import PrinterSettings

    table = PrinterSettings(url=f"simulated:{tmp_path}/paper", profile="generic", width=384, encoder="raster")
    printer = open_printer(table, journal=MemoryJournal())
    assert isinstance(printer, SimulatedPrinter)
    assert _print(printer, _page(width=384)).states[-1] is JobState.CUT
    printer.close()
    assert [path.name for path in (tmp_path / "paper").iterdir()] == ["slip-0001.png"]
