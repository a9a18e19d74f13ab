"""Our answers to the exercises of the chapter template: a pattern to copy."""


# 99.1
def mean(x):
    return x.mean()


# 99.2
def centre(x):
    return x - x.mean()


# 99.3
on_paper = 0
