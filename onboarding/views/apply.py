from django.http import HttpResponse


def start(request, slug):
    return HttpResponse()


def section(request, number, section):
    return HttpResponse()


def check(request, number):
    return HttpResponse()


def submit(request, number):
    return HttpResponse()
