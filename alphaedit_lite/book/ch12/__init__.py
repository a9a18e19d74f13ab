"""Chapter 12: Did its insides move?"""
