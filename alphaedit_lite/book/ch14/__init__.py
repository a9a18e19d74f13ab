"""Chapter 14: When it breaks"""
