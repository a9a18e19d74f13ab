"""Our answers to the exercises of the chapter template: a pattern to copy."""


def mean(x):  # 99.1
    return x.mean()


def centre(x):  # 99.2
    return x - x.mean()


on_paper = 0  # 99.3
