"""Evidence about one message: masking, language, intents, entities."""
