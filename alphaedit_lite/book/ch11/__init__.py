"""Chapter 11: Can it still think?"""
