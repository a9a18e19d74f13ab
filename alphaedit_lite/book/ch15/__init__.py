"""Chapter 15: From a laptop to 8B"""
