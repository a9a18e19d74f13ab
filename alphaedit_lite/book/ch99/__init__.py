"""The chapter template, `notebooks/source/template.py`: the checks of its exercises, and our answers."""
