"""The response shorthands under the predecessor's name; see ``response_utils``."""

from areion.utils.response_utils import (
    create_empty_response,
    create_error_response,
    create_file_response,
    create_html_response,
    create_json_response,
    create_redirect_response,
    create_text_response,
    create_xml_response,
)

__all__ = [
    "create_empty_response",
    "create_error_response",
    "create_file_response",
    "create_html_response",
    "create_json_response",
    "create_redirect_response",
    "create_text_response",
    "create_xml_response",
]
