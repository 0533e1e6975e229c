# One image for the web server, the worker and the scheduler; the command tells them apart.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN python manage.py collectstatic --noinput
RUN useradd --create-home evalsite && mkdir -p /data/media /app/.local \
    && chown -R evalsite /data /app/.local
USER evalsite
ENV MEDIA_ROOT=/data/media
EXPOSE 8000
CMD ["granian", "--interface=wsgi", "--host=0.0.0.0", "--port=8000", "--workers=2", "--blocking-threads=16", "evalsite.wsgi:application"]
