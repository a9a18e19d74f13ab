"""Chapter 2: Feed-forward layers are key-value memories"""
