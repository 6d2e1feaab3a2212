"""Static files with their hash in the name, compressed once, our own JavaScript modules included."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.base import ContentFile, File
from django.http import HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns[1]


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    # `import … from "./live.js"` is rewritten to the hashed name; in our folder only, for libraries write
    # imports in their comments that lead nowhere.
    patterns = (*HashedFilesMixin.patterns, ("js/*.js", IMPORTS))

    def _save(self, name: str, content: File) -> str:
        """Our modules travel without what only their readers need: comments, spaces, long names; a third of what they weigh."""
        if name.startswith("js/"):
            import minify  # noqa: PLC0415 - it brings a runtime along that no server needs

            content.seek(0)
            content = ContentFile(minify.string("application/javascript", content.read().decode()).encode())
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
