"""Answers every request on port 8080 with one line of text."""

from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    """One line of text for every path."""

    def do_GET(self) -> None:
        """Answer a request."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"It works.\n")


if __name__ == "__main__":
    HTTPServer(("", 8080), Handler).serve_forever()
