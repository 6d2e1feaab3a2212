"""Static files with their hash in the name, compressed once, our own JavaScript modules included."""

import re

from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.base import ContentFile, File
from django.http import HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

BESIDE = re.compile(r"\s+// .*$")  # a comment behind the code; no text of ours holds these signs
IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns[1]


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    # `import … from "./live.js"` is rewritten to the hashed name; in our folder only, for libraries write
    # imports in their comments that lead nowhere.
    patterns = (*HashedFilesMixin.patterns, ("js/*.js", IMPORTS))

    def _save(self, name: str, content: File) -> str:
        """Our modules travel without their comments and indentation, a fifth of what they weigh."""
        if name.startswith("js/"):
            content.seek(0)
            lines = (line.strip() for line in content.read().decode().splitlines())
            code = (BESIDE.sub("", line) for line in lines if line and not line.startswith("//"))
            content = ContentFile("\n".join(code).encode())
        return super()._save(name, content)


class StaticMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, with whole files in its answers: ours are small, and under ASGI a file iterator would be read whole anyway."""

    @staticmethod
    def serve(static_file, request):
        found = static_file.get_response(request.method, request.META)
        response = HttpResponse(found.file.read() if found.file else b"", status=int(found.status))
        del response["Content-Type"]
        for key, value in found.headers:
            response[key] = value
        if found.file:
            found.file.close()
        return response
