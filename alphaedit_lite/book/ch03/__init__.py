"""Chapter 3: Where is a fact?"""
