# syntax=docker/dockerfile:1
# One image for web, worker, beat and the one-off migrate: only the command differs.

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements/base.lock /tmp/base.lock
# Wheels only: no compiler in this image, and nothing runs at installation.
RUN pip install --require-hashes --only-binary :all: --requirement /tmp/base.lock \
    && python -m compileall -q /venv/lib
WORKDIR /app
COPY . .
RUN pybabel --quiet compile --directory frontend/locale --domain django \
    && DEMO=1 STATIC_ROOT=/app/staticfiles python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q booking centres config frontend notifications

FROM python:3.13-slim-trixie
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin emgav \
    && install -d -o emgav -g emgav /var/lib/emgav
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings STATIC_ROOT=/app/staticfiles
USER emgav
EXPOSE 8000
CMD ["granian", "config.wsgi:application", "--interface", "wsgi", "--http", "1", "--no-ws", \
     "--host", "0.0.0.0", "--port", "8000", "--backlog", "2048", \
     "--workers", "2", "--blocking-threads", "2", \
     "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10"]
