from .loop import Course as Course
from .loop import fit as fit
