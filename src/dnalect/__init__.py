"""dnalect: DNA language models, from a genome and a VCF to ranked variants.

One function for each command:

score(genome, variants)             scores, in memory; score_variants goes through files of any size
scan(genome)                        every substitution of a genome
embed(model, inputs)                vectors of sequences, windows, intervals, alleles
map_windows(inputs)                 a map of them, clusters, beside rivals
similar(genome, to)                 what is most like a sequence
discover(genome, like, reference)   what is like known elements of another genome
label(peaks, reference)             windows, and the cells in which they are open
finetune(data, out)                 a model of your own labels, beside simple rivals
predict(model, inputs)              what a fine-tuned model says
design_sequences(models, goals)     sequences of which it says the most, under constraints
rank(scored)                        the variants to test first
pretrain(source, out)               a new language model
export(model, output)               a model as a file of ONNX
evaluate(model, genome)             bits per base and perplexity
tokenize(inputs, tokenizer)         how models read DNA

And what they stand on:

load(name_or_folder)                a model in eval mode
open_genome(path)                   a FASTA: genome["chrI"][1000:1010]
base_probabilities(model, seqs)     p(base | the rest), (n, L, 4)
mutagenesis(model, sequence)        the effect of every substitution, (L, 4)
demo_files()                        small real data to try it on

They take models by name or as objects, genomes and variants as files or in memory. Errors that
you can mend are `DnalectError`s, and warnings `DnalectWarning`s.
"""

import lazy_loader as lazy

__version__ = "0.2.0"
# The names are those of __init__.pyi. Each is loaded when it is asked for: torch takes seconds.
__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
__all__ = [*__all__, "__version__"]
