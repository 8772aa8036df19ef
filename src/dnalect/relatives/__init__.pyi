from .alignment import Alignment as Alignment
from .alignment import open_alignment as open_alignment
from .columns import Columns as Columns
from .evolution import Evolution as Evolution
from .laid import Relatives as Relatives
from .laid import read_by as read_by
from .rates import evolution_of as evolution_of
