"""Every error that dnalect raises on purpose.

DnalectError            the run cannot go on; the command prints the message and exits with 1
├── InputError          a file that the user gave cannot be used
│   ├── FastaError      a FASTA that is no FASTA
│   │   └── UnknownContig  a contig that the FASTA doesn't have; a KeyError too
│   ├── VcfError        a VCF that is no VCF, or is cut short
│   ├── TableError      a TSV or BED whose columns do not fit
│   ├── ContigNameError the two files name their contigs differently
│   └── AssemblyError   the two files are of different assemblies
├── OutputError         an output that cannot be written
├── ModelError          a model folder or name that cannot be loaded
│   └── TokenizerError  a vocabulary or tokenizer file that cannot be used
└── ConfigError         a configuration with a wrong value, or one that contradicts itself
"""


class DnalectError(Exception):
    """Base of all errors with a message written for the user."""


class InputError(DnalectError):
    """A file that the user gave cannot be used."""


class FastaError(InputError):
    """The reference is not a usable FASTA."""


class UnknownContig(FastaError, KeyError):
    """The reference has no contig of that name."""

    __str__ = Exception.__str__  # KeyError puts quotes around the message


class VcfError(InputError):
    """The VCF is malformed or cut short."""


class TableError(InputError):
    """A TSV or BED whose columns do not fit."""


class ContigNameError(InputError):
    """Reference and variants name their contigs differently."""


class AssemblyError(InputError):
    """Reference and variants are of different assemblies."""


class OutputError(DnalectError):
    """An output cannot be written."""


class ModelError(DnalectError):
    """A model folder or name cannot be loaded."""


class TokenizerError(ModelError):
    """A vocabulary or tokenizer file cannot be used."""


class ConfigError(DnalectError, ValueError):
    """A configuration has a wrong value or contradicts itself."""
