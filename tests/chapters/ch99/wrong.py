"""Named wrong answers of the template's exercises."""

WRONG: dict[str, dict[str, tuple[str, str]]] = {
    "99.1": {
        "the sum": ("answer = lambda x: x.sum()", "forget to divide"),
        "the median": ("answer = lambda x: x.median()", "not the mean"),
    },
    "99.2": {
        "one number": ("answer = lambda x: x.mean()", "shape"),
        "minus the sum": ("answer = lambda x: x - x.sum()", "not the sum"),
    },
    "99.3": {"one": ("answer = 1", "standard deviation"), "two": ("answer = 2", "1, 3")},
}
