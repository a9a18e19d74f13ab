"""Chapter 16: Seeing the seams"""
