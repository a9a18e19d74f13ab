"""Chapter 8: AlphaEdit"""
