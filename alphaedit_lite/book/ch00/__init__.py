"""Chapter 0: Changing one fact"""
