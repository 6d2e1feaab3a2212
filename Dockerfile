# syntax=docker/dockerfile:1
FROM node:22-slim AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CRM_ENV=production STATIC_ROOT=/app/var/static
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
COPY --from=assets /app/node_modules node_modules
RUN python -c "from pathlib import Path; from launcher.assets import build; build(Path('node_modules'), Path('static/build'))" \
 && rm -rf node_modules \
 && SECRET_KEY=build python manage.py collectstatic --noinput --verbosity 0 \
 && useradd --system --home /app dealwright && mkdir -p var/files && chown -R dealwright var
USER dealwright
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "crm_project.wsgi:application"]
