"""The sea horse that greets at start, and where a server listens unless told otherwise."""

from typing import Final

from areion.__about__ import __version__

DEFAULT_HOST: Final = "localhost"
DEFAULT_PORT: Final = 8080

AREION_LOGO: Final = rf"""
        ,
       /|
    __/  \_      ~
  <_ o     \__        A R E I O N
    \__,  )   \__     {__version__}
      /  / \     \
     /_ /   \  )  )
        ~ ~  \/ \/   ~  ~
"""
