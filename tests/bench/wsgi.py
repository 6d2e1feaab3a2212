"""The product's WSGI application, with a bare page beside it that only the server itself has to answer."""

from crm_project.wsgi import application as product

HELLO = b"hello"


def application(environ, start_response):
    if environ["PATH_INFO"] == "/bench/hello":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(HELLO)))])
        return [HELLO]
    return product(environ, start_response)
