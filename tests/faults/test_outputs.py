"""No output replaces an input, and what belongs together appears together or not at all."""

import os
import stat

import pysam
import pytest

from dnalect.core import files
from dnalect.core.errors import OutputError
from dnalect.core.files import check_outputs, written_together, written_whole
from dnalect.core.reporter import DnalectWarning
from dnalect.genome.vcf import Record
from dnalect.scored.tabix import Order, add_index


def names(folder):
    return sorted(each.name for each in folder.iterdir())


@pytest.fixture
def given(tmp_path):
    path = tmp_path / "given.gff"
    path.write_text("kept")
    return path


@pytest.mark.parametrize("way", ["path", "relative", "symlink", "hard link", "dots"])
def test_an_input_is_no_output_whatever_leads_to_it(tmp_path, given, way, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "symlink").symlink_to(given)
    # As on a disk that takes GIVEN.GFF for given.gff: another name, the same file.
    os.link(given, tmp_path / "GIVEN.GFF")
    output = {
        "path": given,
        "relative": "given.gff",
        "symlink": tmp_path / "symlink",
        "hard link": "GIVEN.GFF",
        "dots": tmp_path / "folder" / ".." / "given.gff",
    }[way]
    with pytest.raises(OutputError, match="is an input; write to another name"):
        check_outputs(["new.html", output], ["duplex-yeast", None, "-", "x" * 5000, given])
    check_outputs(["-", None, "new.html"], [given, "no\0path"])


def test_what_a_model_is_made_of_is_no_output_and_tables_beside_it_are(tmp_path):
    for name in ("model.safetensors", "card.json", "scored.tsv"):
        (tmp_path / name).write_text("")
    for name in ("model.safetensors", "card.json"):
        with pytest.raises(OutputError, match="is an input"):
            check_outputs([tmp_path / name], [tmp_path])
    check_outputs([tmp_path / "scored.tsv", tmp_path / "new.tsv"], [tmp_path])


@pytest.mark.parametrize("second", ["a.tsv", "./a.tsv", "A.TSV", "link.tsv"])
def test_one_name_for_two_outputs(tmp_path, second, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.tsv").symlink_to("a.tsv")
    with pytest.raises(OutputError, match="is named twice"):
        check_outputs(["a.tsv", second], [])


def test_a_folder_of_outputs_holds_no_input(tmp_path, given):
    with pytest.raises(OutputError, match="holds the input"):
        check_outputs([], [given], [tmp_path])
    with pytest.raises(OutputError, match="is an input"):
        check_outputs([], [tmp_path], [tmp_path])
    check_outputs([], [given, tmp_path], [tmp_path / "new"])


def test_loops_pipes_and_devices_are_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("a", "leads nowhere"), ("pipe", "is a pipe or a device")):
        with pytest.raises(OutputError, match=message):
            check_outputs([tmp_path / name], [])
    with pytest.raises(OutputError, match="is a pipe or a device"):
        check_outputs(["/dev/null"], [])


def write_all(folder, text):
    with written_together() as together:
        together.drop(folder / "old.tbi")
        for name in ("one", "two", "three"):
            together.place(folder / name).write_text(text)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("call", ["replace", "unlink", "link", "open", "chmod"])
def test_every_call_of_the_system_that_fails_leaves_all_as_it_was(tmp_path, before, call, monkeypatch):
    real = getattr(os, call)
    for wrong in range(20):
        folder = tmp_path / f"{wrong}"
        folder.mkdir()
        if before:
            write_all(folder, "before")
            (folder / "old.tbi").write_text("index")
        there = content(folder)
        calls = 0

        def once(*args, wrong=wrong, **options):
            nonlocal calls
            calls += 1
            if calls == wrong + 1:
                raise OSError(28, "No space left on device")
            return real(*args, **options)

        told = ""
        with monkeypatch.context() as patch:
            patch.setattr(files.os, call, once)
            try:
                write_all(folder, "after")
            except OutputError as error:
                told = str(error)
        assert not told or "No space left" in told
        found = content(folder)
        if call == "unlink":  # nobody can remove a file where files can't be removed
            found = {name: text for name, text in found.items() if not name.endswith(".old")}
        assert found == (there if told else dict.fromkeys(("one", "two", "three"), "after"))
        if calls <= wrong:
            break


def content(folder):
    return {each.name: each.read_text() for each in folder.iterdir()}


def test_a_block_that_fails_leaves_nothing(tmp_path):
    def fails():
        with written_together() as together:
            together.place(tmp_path / "one").write_text("half")
            together.place(tmp_path / "two")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert names(tmp_path) == []


def test_modes(tmp_path):
    kept = os.umask(0o027)
    try:
        with written_whole(tmp_path / "new") as temporary:
            temporary.write_text("")
        (tmp_path / "mine").touch(0o600)
        with written_whole(tmp_path / "mine") as temporary:
            temporary.write_text("secret")
    finally:
        os.umask(kept)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o600


HEAD = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def write_vcf(folder, places):
    """Write records at 1-based places, as `dnalect score` does, with their index."""
    order, output = Order(), folder / "out.vcf.gz"
    with written_together() as together:
        temporary = together.place(output)
        with pysam.BGZFile(str(temporary), "wb") as packed:
            packed.write(HEAD)
            for contig, position in places:
                packed.write(f"{contig}\t{position}\t.\tA\tC\t.\t.\t.\n".encode())
                order.add(Record(contig, position - 1, ".", "A", ("C",)))
        add_index(temporary, output, order, together)
    return output


def found(path, contig):
    index = next(path.parent.glob(f"{path.name}.?*i"))
    with pysam.TabixFile(str(path), index=str(index)) as file:
        return [int(line.split("\t")[1]) for line in file.fetch(contig)]


@pytest.mark.parametrize(
    ("places", "suffix"),
    [
        ([("a", 1), ("a", 9), ("b", 2)], ".tbi"),
        ([("a", 0), ("a", 1 << 29)], ".tbi"),
        ([("a", 1), ("a", (1 << 29) + 1)], ".csi"),
        ([("a", 5), ("a", (1 << 31) - 2)], ".csi"),
    ],
)
def test_the_index_finds_all_that_the_file_has(tmp_path, places, suffix):
    output = write_vcf(tmp_path, places)
    assert names(tmp_path) == ["out.vcf.gz", f"out.vcf.gz{suffix}"]
    for contig in {contig for contig, _ in places}:
        assert found(output, contig) == [place for name, place in places if name == contig]


@pytest.mark.parametrize("places", [[("a", 9), ("a", 1)], [("a", 1), ("b", 1), ("a", 2)], [("a", 1 << 33)]])
def test_without_an_index_that_of_an_earlier_file_goes_too(tmp_path, places):
    write_vcf(tmp_path, [("a", 1)])
    (tmp_path / "out.vcf.gz.csi").write_text("old")
    with pytest.warns(DnalectWarning, match="no .*index"):
        write_vcf(tmp_path, places)
    assert names(tmp_path) == ["out.vcf.gz"]


def test_an_index_that_cannot_be_written_is_an_error_and_nothing_changes(tmp_path, monkeypatch):
    output = write_vcf(tmp_path, [("a", 1)])

    def full(*_, **__):
        raise OSError("building of index failed")

    with monkeypatch.context() as patch:
        patch.setattr(pysam, "tabix_index", full)
        with pytest.raises(OutputError, match="cannot write the index .*is the disk full"):
            write_vcf(tmp_path, [("a", 7)])
    assert found(output, "a") == [1]


def test_the_index_is_never_that_of_another_file(tmp_path, monkeypatch):
    """Between any two renames, whoever looks finds the file's own index or none."""
    write_vcf(tmp_path, [("a", 1)])
    seen = []

    def looking(real):
        def call(*args, **options):
            done = real(*args, **options)
            if (tmp_path / "out.vcf.gz.tbi").exists():
                seen.append(found(tmp_path / "out.vcf.gz", "a"))
            return done

        return call

    monkeypatch.setattr(files.os, "replace", looking(os.replace))
    monkeypatch.setattr(files.os, "link", looking(os.link))
    write_vcf(tmp_path, [("a", 7), ("a", 9)])
    assert seen[-1] == [7, 9]
    assert set(map(tuple, seen)) == {(1,), (7, 9)}
