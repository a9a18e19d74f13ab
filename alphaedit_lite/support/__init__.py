"""What the road stands on: files and downloads, tokenizers as they come, model families and their proof."""
