from .change import ChangeScorer as ChangeScorer
from .embed import site_states as site_states
from .likelihood import scorer_for as scorer_for
from .likelihood import strategy_for as strategy_for
from .run import once as once
from .tiles import TILE as TILE
from .tiles import tiled_log_probs as tiled_log_probs
