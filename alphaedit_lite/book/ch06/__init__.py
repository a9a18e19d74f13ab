"""Chapter 6: Writing many facts"""
