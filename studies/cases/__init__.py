"""Effects of variants on expression: scores beside measured data."""
