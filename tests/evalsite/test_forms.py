import pytest
from django.test import Client

FORM = b'--X\r\nContent-Disposition: form-data; name="winner"\r\n\r\ntie\r\n--X--\r\n'


@pytest.mark.parametrize("charset", ["hex", "rot13", "idna", "utf-7", "undefined", "nonsense"])
def test_a_form_in_another_encoding_is_refused(db: None, charset: str) -> None:
    kind = f"multipart/form-data; boundary=X; charset={charset}"
    done = Client().generic("POST", "/healthz", FORM, content_type=kind)
    assert done.status_code == 400
