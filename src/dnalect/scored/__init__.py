"""A file of scored variants: its fields, written as VCF, tables or tracks, and read again."""
