"""SOAP by WSDL: services described in files of a connector's folder, read without a network."""
