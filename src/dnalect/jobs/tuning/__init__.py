"""From labelled sequences to a fine-tuned model."""
