# A container that builds the book from the committed results and serves it; it trains nothing.
#   docker build -t deblur-book .
#   docker run --rm -p 8000:8000 deblur-book
FROM python:3.11-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends make nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /deblur
COPY . .
RUN make published
EXPOSE 8000
CMD [".venv/bin/python", "-m", "http.server", "8000", "-d", "book/_build/html"]
