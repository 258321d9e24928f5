"""Makes the bytes of output media: pictures, videos and sounds of given figures, each with a label that says that it is synthetic.

Everything here is a pure function of its arguments: no file is read, no clock, no entropy, and no program beside Python and Pillow.
"""
