"""What `dnalect serve` is asked for."""

from pathlib import Path
from typing import Annotated

from annotated_types import Interval
from pydantic import Strict
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.errors import ConfigError
from dnalect.core.flags import MODEL, Device, Dtype, Flag, Positive, Texts, Threads

Port = Annotated[int, Interval(ge=0, le=65_535)]
Folder = Annotated[Path | None, Strict(False)]


@config
class Options:
    """What to serve, and to whom."""

    folders: Annotated[
        Texts,
        Flag(argument=True, metavar="[FOLDER]..."),
        Doc("Folders whose genomes, annotations and models may be used. Nothing else on this machine is."),
    ] = ()
    models: Annotated[
        Texts, MODEL, Doc("A model beside those that ship: a name, a folder, OWNER/NAME; repeatable.")
    ] = ()
    port: Annotated[Port, Doc("Of this machine; 0 for any that is free.")] = 8765
    host: Annotated[str, Doc("Address to listen at. Anything but this machine's own asks for a token.")] = "127.0.0.1"
    token: Annotated[
        str | None,
        Doc("Word that the address must carry (?token=...) [default: drawn, where --host is not local]."),
    ] = None
    work: Annotated[
        Folder, Flag(metavar="FOLDER"), Doc("Where jobs and their files are kept [default: serve in the cache].")
    ] = None
    upload_mb: Annotated[Positive, Doc("Largest file that may be dropped, in megabytes.")] = 256
    job_minutes: Annotated[Positive, Doc("Longest that a job may run.")] = 720
    device: Device = "auto"
    dtype: Dtype = "float32"
    threads: Threads = None

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < 8:
            raise ConfigError("--token must have at least 8 characters; leave it out, and one is drawn")
        for folder in self.folders:
            if not Path(folder).is_dir():
                raise ConfigError(f"there is no folder {folder}")

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in ("127.0.0.1", "localhost", "::1")
