"""Chapter 9: Did it work?"""
