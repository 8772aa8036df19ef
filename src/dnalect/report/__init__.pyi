from . import plots as plots
from . import svg as svg
from .page import Page as Page
from .page import Section as Section
from .page import write_page as write_page
from .scatter import Dots as Dots
from .scatter import draw_maps as draw_maps
