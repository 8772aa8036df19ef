from .change import ChangeScorer as ChangeScorer
from .likelihood import scorer_for as scorer_for
