from .bins import BIN_RIVALS as BIN_RIVALS
from .kmers import padded as padded
from .kmers import sequence_words as sequence_words
from .kmers import word_shares as word_shares
from .markov import MarkovModel as MarkovModel
from .mutability import CrossFittedMutability as CrossFittedMutability
