"""What a fine-tuned model says of sequences, windows or a genome."""
