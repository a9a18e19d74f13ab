"""What two chapters or more share.

For a reader: ``chapter`` (predict, check, hand in), ``exercises``, ``demo``.
To draw: ``plots`` (one style), ``widget``, ``stream_figures``.
To measure: ``layer`` (one layer under the microscope), ``tracing``, ``neurons``, ``judging``,
``minimal_pairs``, ``last_words``, ``probes`` (all of it, as plain values).
Studies: ``editors`` (the one table of them), ``studies`` (hundreds of edits) and ``stream_facts``;
``streams`` and ``fronts`` read them back, with ``intervals``; ``results`` keeps and finds the files;
``defaults`` is the sweep behind the default settings.
"""
