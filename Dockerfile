# One image for all our processes. docker-compose.yml sets their commands.
FROM python:3.11-slim AS build
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY pyproject.toml uv.lock ./
COPY project/stack/bootstrap.py project/stack/
RUN python -I project/stack/bootstrap.py image && rm -rf .uv /root/.cache
COPY manage.py ./
COPY project project
COPY generations generations
COPY templates templates
COPY static static
# Static files are hashed and compressed here. The values are placeholders: no service is contacted.
RUN DJANGO_SETTINGS_MODULE=project.settings.production SECRET_KEY="$(head -c 48 /dev/urandom | base64)" \
    ALLOWED_HOSTS=build.invalid PUBLIC_URL=https://build.invalid \
    DATABASE_URL=postgresql:///build REDIS_URL=redis://build.invalid \
    .venv/bin/python manage.py collectstatic --no-input --verbosity 0

FROM python:3.11-slim
ENV DJANGO_SETTINGS_MODULE=project.settings.production \
    PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LOG_FORMAT=json
RUN useradd --system --uid 10001 --create-home dailies && install -d -o dailies -g dailies /data
COPY --from=build /app /app
WORKDIR /app
USER dailies
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--blocking-threads", "16", "--workers-kill-timeout", "10", "project.wsgi:application"]
