"""What pretraining brings a model of tracks, at all, a tenth and a hundredth of the data."""
