"""`python -m deblur_lib.cli`."""

from deblur_lib.cli import main

main(prog_name="deblur")
