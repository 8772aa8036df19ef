from .main import LateGroup as LateGroup
from .main import run as run
from .options import command as command
